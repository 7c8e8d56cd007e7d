-- Puts back open holds of one account and key that Redis has lost: each if it is absent or smaller (an older copy has
-- it as it was before it grew), and whatever the funds, because these requests are running. Works also before the shard
-- is built.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 outbox, 6 spending of the key
-- ARGV: 1 epoch, 2 account id, 3 key id, then for each hold: request id (32 hex), amount (units), time to live (ms),
--       owner (gateway.boot)
-- Returns {code, holds added or raised | current epoch, 0}:
--   1 done, -5 stale epoch, -9 bad argument, or a sum that would leave the exact range
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

local account_id, key = ARGV[2], ARGV[3]
local ttl_ms_max = 86400000

local function bad_hold(i)
  local ttl_ms = whole(ARGV[i + 2])
  return not (request_id(ARGV[i]) and whole(ARGV[i + 1]) and ttl_ms and ttl_ms <= ttl_ms_max and owner_id(ARGV[i + 3]))
end

local function bad_arguments()
  if not (whole(ARGV[1]) and id(account_id) and id(key)) or (#ARGV - 3) % 4 ~= 0 then return true end
  for i = 4, #ARGV, 4 do
    if bad_hold(i) then return true end
  end
  return false
end

local function all_leave_range(account, spend)
  local held = math.max(account.held, spend.held)
  for i = 4, #ARGV, 4 do
    held = held + whole(ARGV[i + 1])
    if held > whole_max then return true end
  end
  return false
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], true)
if wrong then return wrong end
local account = account_state()
local spend = spend_state()
if all_leave_range(account, spend) then return {-9, 0, 0} end

local now_ms = milliseconds(now_us())
local added = 0
for i = 4, #ARGV, 4 do
  local rid, amount = ARGV[i], whole(ARGV[i + 1])
  local hold = hold_of(rid)
  if hold and hold.key == key and hold.amount < amount then
    account.held = account.held + amount - hold.amount
    spend.held = spend.held + amount - hold.amount
    hold.amount = amount
    put_hold(account_id, rid, hold)
    added = added + 1
  elseif not hold and not outbox_entry(rid) then
    put_hold(account_id, rid, {
      amount = amount, deadline = now_ms + whole(ARGV[i + 2]), owner = ARGV[i + 3], key = key, first = ARGV[i + 1]
    })
    account.held = account.held + amount
    spend.held = spend.held + amount
    spend.open = spend.open + 1
    added = added + 1
  end
end
if added > 0 then
  save_account(account)
  save_spend(spend)
end
return {1, added, 0}
