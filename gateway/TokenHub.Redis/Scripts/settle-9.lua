-- Turns a hold into a charge: the hold goes, the cost counts as unsettled, and a copy of the record waits in the outbox
-- until PostgreSQL has it. The cost may be above or below the hold, or zero. Without a hold the charge is recorded too.
-- Tokens that the hold took of rates by estimate are put right, once, for the hold goes with it.
-- Works also before the shard is built: what was served is owed, whatever Redis has lost.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 outbox, 6 times of the outbox,
--       7 spending of the key, 8 rates of the key, 9 rates of the account
-- ARGV: 1 epoch, 2 request id (32 hex), 3 cost (units), 4 record (bytes), 5 account id, 6 key id,
--       7 tokens used (or '' where they are not known)
-- Returns {code, available after the charge | current epoch, 0}:
--   1 settled, 3 the same again (or posted already), 4 recorded without a hold, -5 stale epoch,
--   -8 same request with other content, -9 bad argument, or a sum that would leave the exact range
local epoch_key = KEYS[1]
local account_key = KEYS[2]
local holds_key = KEYS[3]
local due_key = KEYS[4]
local outbox_key = KEYS[5]
local outbox_times_key = KEYS[6]
local spend_key = KEYS[7]
local rate_key = KEYS[8]
local account_rate_key = KEYS[9]
--@include numbers-0
--@include clock-0
--@include epoch-0
--@include account-0
--@include spending-0
--@include holds-0
--@include outbox-0
--@include rates-0

local rid, cost, payload, account_id, key = ARGV[2], whole(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local used = limit(ARGV[7])
local payload_bytes_max = 4096

local function bad_arguments()
  if not (whole(ARGV[1]) and request_id(rid) and id(account_id) and id(key)) then return true end
  return not (cost and used and #payload <= payload_bytes_max)
end

local function put_right(value, now, tokens, us, to)
  local requests_at, tokens_at = instants(value)
  local right = corrected(tokens_at, now, tonumber(tokens), used, tonumber(us), tonumber(to))
  if right == tokens_at then return nil end
  return text(requests_at) .. '|' .. text(right)
end

local function put_rates_right(hold)
  local tokens, us, to, account_us, account_to =
    string.match(hold.taken, '^|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)$')
  if not tokens or used == math.huge then return end
  local now = now_us()
  local of_key = put_right(redis.call('GET', rate_key), now, tokens, us, to)
  local of_account = put_right(redis.call('GET', account_rate_key), now, tokens, account_us, account_to)
  if of_key then redis.call('SET', rate_key, of_key, 'PX', '61000') end
  if of_account then redis.call('SET', account_rate_key, of_account, 'PX', '61000') end
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], true)
if wrong then return wrong end
local account = account_state()
local settled = outbox_entry(rid)
if settled then
  local same = settled.account_id == account_id and settled.key == key
    and (settled.cost == cost or settled.posted)
  return {same and 3 or -8, available(account), 0}
end
local hold = hold_of(rid)
if hold and hold.key ~= key then return {-8, 0, 0} end
local spend = spend_state()
if leaves_range(account.unsettled, cost) or leaves_range(spend.unsettled, cost) then return {-9, 0, 0} end

if hold then
  drop_hold(account_id, rid, hold, account, spend)
  put_rates_right(hold)
end
account.unsettled = account.unsettled + cost
spend.unsettled = spend.unsettled + cost
save_account(account)
save_spend(spend)
redis.call('HSET', outbox_key, rid, account_id .. '|' .. key .. '|' .. ARGV[3] .. '|' .. payload)
redis.call('ZADD', outbox_times_key, text(milliseconds(now_us())), rid)
return {hold and 1 or 4, available(account), 0}
