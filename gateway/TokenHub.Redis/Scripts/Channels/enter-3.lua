-- Takes a place at a channel for one attempt: a slot, its rates and its quota windows, or changes nothing at all.
-- KEYS: 1 state of the channel, 2 places, 3 deadlines of the places
-- ARGV: 1 epoch, 2 request id (32 hex), 3 number of the attempt, 4 owner (gateway.boot), 5 lease (ms),
--       6 slots (or ''), 7 requests a minute (or ''), 8 tokens a minute (or ''), 9 tokens to set aside,
--       10 cost to set aside (units), then the windows, the primary one first: name (16 hex),
--       kind (0 units, 1 tokens, 2 requests), limit, start and end of the period (ms)
-- Returns {code, milliseconds to wait, fence, now (ms), slots used, used and held in the primary window, its start and
-- end (ms), used in the last hour}:
--   1 new, 2 the same again, 3 given back already, -4 a window is used up, -6 windows not counted, -7 rate,
--   -9 bad argument, -10 no slot, -12 a period is not that of now, -13 a window has no room for so much
local state_key = KEYS[1]
local places_key = KEYS[2]
local slots_key = KEYS[3]
--@include numbers-0
--@include clock-0
--@include windows-0
--@include places-0
--@include flow-0
--@include demand-0

local rid, attempt, owner, lease_ms = ARGV[2], ARGV[3], ARGV[4], whole(ARGV[5])
local slots_max, requests_max, tokens_max = limit(ARGV[6] or 'x'), limit(ARGV[7] or 'x'), limit(ARGV[8] or 'x')
local tokens, cost = whole(ARGV[9]), whole(ARGV[10])
local fixed = 10
local state_ttl_ms = '691200000'
-- When attempts under way may make room, or give a slot back.
local soon_ms = 250

local function windows_asked()
  if not (whole(ARGV[1]) and request_id(rid) and attempt_no(attempt) and owner_id(owner)) then return nil end
  if not (lease_ms and lease_ms > 0 and lease_ms <= lease_ms_max and slots_max) then return nil end
  if not (requests_max and tokens_max and tokens and cost) then return nil end
  local number = (#ARGV - fixed) / window_arguments
  if number ~= math.floor(number) or number > windows_max then return nil end
  return asked_windows(fixed + 1, number)
end

-- The refusal of the first window without room, and when it may have some: sooner than its end only if attempts under
-- way use less than was set aside for them.
local function crowded(windows, now)
  for _, window in ipairs(windows) do
    local needed = share(window, tokens, cost)
    if window.used + window.held + needed > window.amount then
      local until_end = math.max(window.to - now, 1)
      if window.used >= window.amount then return -4, until_end end
      return -13, window.used + needed <= window.amount and soon_ms or until_end
    end
  end
  return nil, nil
end

local windows = windows_asked()
if not windows then return {-9, 0, 0, 0, 0, 0, 0, 0, 0, 0} end
local us = now_us()
local now = milliseconds(us)
if not load_windows(windows, ARGV[1], now) then return report(-6, 0, 0, {}, now) end
local member = rid .. '.' .. attempt
local place = place_of(member)
if place and place.is_gone then return report(3, 0, 0, windows, now) end
if place and has_lease(member, now) then return report(2, 0, place.fence, windows, now) end
for _, window in ipairs(windows) do
  if not window.is_current then return report(-12, 0, 0, windows, now) end
end
lapse(windows, now)
if place then
  -- Its lease ran out: what was set aside then counts as used, and it takes a place like any other.
  correct(windows, place, place.tokens, place.cost)
  drop_place(member)
end
local refused_code, wait_ms = nil, nil
if slots_max < math.huge and slots_used(now) >= slots_max then
  shorten_leases(now)
  refused_code, wait_ms = -10, soon_ms
end
local rates = nil
if not refused_code then
  rates, wait_ms = flows(us, requests_max, tokens_max, tokens)
  if wait_ms then refused_code = -7 end
end
if not refused_code then
  refused_code, wait_ms = crowded(windows, now)
end
if refused_code then
  save_windows(windows)
  return report(refused_code, wait_ms, 0, windows, now)
end

local fence = next_fence(us)
put_place(member, { fence = fence, owner = owner, tokens = tokens, cost = cost }, now + lease_ms)
for _, window in ipairs(windows) do
  window.held = window.held + share(window, tokens, cost)
end
save_windows(windows)
if rates then redis.call('HSET', state_key, 'rt', rates) end
redis.call('PEXPIRE', state_key, state_ttl_ms)
return report(1, 0, fence, windows, now)
