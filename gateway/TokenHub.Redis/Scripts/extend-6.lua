-- Adds to an open hold and moves its deadline, or changes nothing; an addition of zero is a heartbeat.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 outbox, 6 spending of the key
-- ARGV: 1 epoch, 2 request id (32 hex), 3 addition (units), 4 time to live from now (ms), 5 account id, 6 key id,
--       7 most the key may ever spend (units or '')
-- Returns {code, available after the addition | what is left | current epoch, 0}:
--   1 done, 3 already settled, -1 funds, -2 shard not built, -3 disabled, -4 key cap, -5 stale epoch, -6 not hydrated,
--   -8 hold of another key, -9 bad argument, or a sum that would leave the exact range, -11 no such hold
local epoch_key = KEYS[1]
local account_key = KEYS[2]
local holds_key = KEYS[3]
local due_key = KEYS[4]
local outbox_key = KEYS[5]
local spend_key = KEYS[6]
--@include numbers-0
--@include clock-0
--@include epoch-0
--@include account-0
--@include spending-0
--@include holds-0
--@include outbox-0

local rid, more, ttl_ms, account_id, key = ARGV[2], whole(ARGV[3]), whole(ARGV[4]), ARGV[5], ARGV[6]
local key_cap = limit(ARGV[7])
local ttl_ms_max = 86400000

local function bad_arguments()
  if not (whole(ARGV[1]) and request_id(rid) and id(account_id) and id(key)) then return true end
  return not (more and ttl_ms and ttl_ms <= ttl_ms_max and key_cap)
end

-- Only an addition can be refused: a heartbeat keeps what is already held.
local function refused(account, spend, hold)
  if more == 0 then return nil end
  if not account.hydrated or not spend.hydrated then return {-6, 0, 0} end
  if not account.active then return {-3, 0, 0} end
  local left = key_remaining(spend, key_cap)
  if left < more then return {-4, left, 0} end
  if available(account) < more then return {-1, available(account), 0} end
  if leaves_range(math.max(account.held, spend.held, hold.amount), more) then return {-9, 0, 0} end
  return nil
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], false)
if wrong then return wrong end
local account = account_state()
local hold = hold_of(rid)
if not hold then
  return {outbox_entry(rid) and 3 or -11, available(account), 0}
end
if hold.key ~= key then return {-8, 0, 0} end
local spend = spend_state()
local refusal = refused(account, spend, hold)
if refusal then return refusal end

if more > 0 then
  account.held = account.held + more
  spend.held = spend.held + more
  save_account(account)
  save_spend(spend)
end
hold.amount = hold.amount + more
hold.deadline = math.max(hold.deadline, milliseconds(now_us()) + ttl_ms)
put_hold(account_id, rid, hold)
return {1, available(account), 0}
