-- Holds an amount for one request, or changes nothing at all.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 outbox, 6 spending of the key, 7 rates of the key,
--       8 rates of the account
-- ARGV: 1 epoch, 2 request id (32 hex), 3 amount (units), 4 time to live (ms), 5 owner (gateway.boot), 6 account id,
--       7 key id, 8 most the key may ever spend (units or ''), 9 account's slots, 10 key's slots (or ''),
--       11 the key's requests a minute (or ''), 12 its tokens a minute (or ''), 13 tokens of this request,
--       14 the account's requests a minute (or ''), 15 its tokens a minute (or '')
-- Returns {code, available after the hold | what is left | current epoch, milliseconds to wait}; where rates were
-- looked at, four more: the microseconds in which the key's requests, its tokens, the account's requests and its tokens
-- will have flowed off, or -1 each:
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
local account_rate_key = KEYS[8]
--@include numbers-0
--@include clock-0
--@include epoch-0
--@include account-0
--@include spending-0
--@include holds-0
--@include outbox-0
--@include rates-0

local rid, amount, ttl_ms, owner, account_id, key = ARGV[2], whole(ARGV[3]), whole(ARGV[4]), ARGV[5], ARGV[6], ARGV[7]
local key_cap, account_slots, key_slots = limit(ARGV[8]), whole(ARGV[9]), limit(ARGV[10])
local requests_max, tokens_max, tokens = limit(ARGV[11]), limit(ARGV[12]), whole(ARGV[13])
local account_requests_max, account_tokens_max = limit(ARGV[14]), limit(ARGV[15])
local ttl_ms_max = 86400000

local function bad_arguments()
  if not (whole(ARGV[1]) and request_id(rid) and owner_id(owner) and id(account_id) and id(key)) then return true end
  if not (amount and ttl_ms and ttl_ms <= ttl_ms_max and key_cap) then return true end
  if not (account_slots and key_slots and requests_max and tokens_max and tokens) then return true end
  return not (account_requests_max and account_tokens_max)
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

-- What one rate makes of this request: its new state, or none and how long to wait.
local function flow(value, now, per_minute, tokens_per_minute)
  local requests_at, tokens_at = instants(value)
  local requests_to, requests_wait = rate(requests_at, now, 1, per_minute)
  local tokens_to, tokens_wait = rate(tokens_at, now, tokens, tokens_per_minute)
  local passes = requests_to ~= nil and tokens_to ~= nil
  return {
    passes = passes, limits = per_minute < math.huge or tokens_per_minute < math.huge,
    wait = math.max(requests_wait, tokens_wait), tokens_to = tokens_to,
    state = passes and text(requests_to) .. '|' .. text(tokens_to),
    requests_ahead = ahead(passes and requests_to or requests_at, now, per_minute),
    tokens_ahead = ahead(passes and tokens_to or tokens_at, now, tokens_per_minute)
  }
end

-- What the tokens took of both rates, so that it can be put right when they are counted.
local function taken(of_key, of_account)
  if tokens_max == math.huge and account_tokens_max == math.huge then return '' end
  local function part(per_minute, to)
    if per_minute == math.huge then return '|0|0' end
    return '|' .. text(math.ceil(minute_us * (tokens / per_minute))) .. '|' .. text(to)
  end
  return '|' .. text(tokens) .. part(tokens_max, of_key.tokens_to) .. part(account_tokens_max, of_account.tokens_to)
end

local function answer(code, first, wait_ms, of_key, of_account)
  if not of_key.limits and not of_account.limits then return {code, first, wait_ms} end
  return {
    code, first, wait_ms, of_key.requests_ahead, of_key.tokens_ahead, of_account.requests_ahead,
    of_account.tokens_ahead
  }
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
local of_key = flow(redis.call('GET', rate_key), now, requests_max, tokens_max)
local of_account = flow(redis.call('GET', account_rate_key), now, account_requests_max, account_tokens_max)
if not of_key.passes or not of_account.passes then
  return answer(-7, 0, math.ceil(math.max(of_key.wait, of_account.wait) / 1000), of_key, of_account)
end
if available(account) < amount then return {-1, available(account), 0} end
if leaves_range(account.held, amount) or leaves_range(spend.held, amount) then return {-9, 0, 0} end

account.held = account.held + amount
spend.held = spend.held + amount
spend.open = spend.open + 1
save_account(account)
save_spend(spend)
put_hold(account_id, rid, {
  amount = amount, deadline = milliseconds(now) + ttl_ms, owner = owner, key = key, first = ARGV[3],
  taken = taken(of_key, of_account)
})
if of_key.limits then redis.call('SET', rate_key, of_key.state, 'PX', '61000') end
if of_account.limits then redis.call('SET', account_rate_key, of_account.state, 'PX', '61000') end
return answer(1, available(account), 0, of_key, of_account)
