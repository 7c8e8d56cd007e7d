-- Holds an amount for one request, or changes nothing at all.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 outbox, 6 spending of the key, 7 rates of the key
-- ARGV: 1 epoch, 2 request id (32 hex), 3 amount (units), 4 time to live (ms), 5 owner (gateway.boot), 6 account id,
--       7 key id, 8 most the key may ever spend (units or ''), 9 account's slots, 10 key's slots (or ''),
--       11 requests a minute (or ''), 12 tokens a minute (or ''), 13 tokens of this request
-- Returns {code, available after the hold | what is left | current epoch, milliseconds to wait}:
--   1 new, 2 the same again, 3 already settled, -1 funds, -2 shard not built, -3 disabled, -4 key cap, -5 stale epoch,
--   -6 account or key not hydrated, -7 rate, -8 same request with other content, -9 bad argument,
--   or a sum that would leave the exact range, -10 concurrency
local epoch_key = KEYS[1]
local account_key = KEYS[2]
local holds_key = KEYS[3]
local due_key = KEYS[4]
local outbox_key = KEYS[5]
local spend_key = KEYS[6]
local rate_key = KEYS[7]
--@include numbers-0
--@include clock-0
--@include epoch-0
--@include account-0
--@include spending-0
--@include holds-0
--@include outbox-0

local rid, amount, ttl_ms, owner, account_id, key = ARGV[2], whole(ARGV[3]), whole(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]
local key_cap, account_slots, key_slots = limit(ARGV[8]), whole(ARGV[9]), limit(ARGV[10])
local requests_max, tokens_max, tokens = limit(ARGV[11]), limit(ARGV[12]), whole(ARGV[13])
local ttl_ms_max = 86400000
local minute_us = 60000000

local function bad_arguments()
  if not (whole(ARGV[1]) and request_id(rid) and owner_id(owner) and id(account_id) and id(key)) then return true end
  if not (amount and ttl_ms and ttl_ms <= ttl_ms_max and key_cap) then return true end
  return not (account_slots and key_slots and requests_max and tokens_max and tokens)
end

-- A request seen before is answered from what is there.
local function seen(account)
  local settled = outbox_entry(rid)
  if settled then
    local same = settled.account_id == account_id and settled.key == key
    return {same and 3 or -8, available(account), 0}
  end
  local hold = hold_of(rid)
  if not hold then return nil end
  local same = hold.first == ARGV[3] and hold.key == key
  return {same and 2 or -8, available(account), 0}
end

local function no_slot(account, spend)
  local open = redis.call('HLEN', holds_key)
  return open >= math.min(account.slots, account_slots) or spend.open >= key_slots
end

-- Generic cell rate: the instant at which all that was used will have flowed off again, at most a minute ahead. One
-- further ahead was written before the clock jumped back: it counts as none, or the key would be shut for as long as
-- the jump.
-- Returns the new instant, or nil and the microseconds to wait.
local function rate(instant, now, used, per_minute)
  if per_minute == math.huge then return 0, 0 end
  if per_minute == 0 or used > per_minute then return nil, minute_us end
  local from = (instant > now and instant <= now + minute_us) and instant or now
  local to = from + math.ceil(minute_us * (used / per_minute))
  if to > now + minute_us then return nil, to - now - minute_us end
  return to, 0
end

local function rates(now)
  if requests_max == math.huge and tokens_max == math.huge then return nil, nil end
  local requests_text, tokens_text = string.match(redis.call('GET', rate_key) or '0|0', '^(%d+)|(%d+)$')
  local requests_at, requests_wait = rate(count(requests_text), now, 1, requests_max)
  local tokens_at, tokens_wait = rate(count(tokens_text), now, tokens, tokens_max)
  if not requests_at or not tokens_at then
    return {-7, 0, math.ceil(math.max(requests_wait, tokens_wait) / 1000)}, nil
  end
  return nil, text(requests_at) .. '|' .. text(tokens_at)
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], false)
if wrong then return wrong end
local account = account_state()
local answered = seen(account)
if answered then return answered end
local spend = spend_state()
if not account.hydrated or not spend.hydrated then return {-6, 0, 0} end
if not account.active then return {-3, 0, 0} end
if no_slot(account, spend) then return {-10, 0, 0} end
local left = key_remaining(spend, key_cap)
if left < amount then return {-4, left, 0} end
local now = now_us()
local too_fast, rate_state = rates(now)
if too_fast then return too_fast end
if available(account) < amount then return {-1, available(account), 0} end
if leaves_range(account.held, amount) or leaves_range(spend.held, amount) then return {-9, 0, 0} end

account.held = account.held + amount
spend.held = spend.held + amount
spend.open = spend.open + 1
save_account(account)
save_spend(spend)
put_hold(account_id, rid, {
  amount = amount, deadline = milliseconds(now) + ttl_ms, owner = owner, key = key, first = ARGV[3]
})
if rate_state then redis.call('SET', rate_key, rate_state, 'PX', '61000') end
return {1, available(account), 0}
