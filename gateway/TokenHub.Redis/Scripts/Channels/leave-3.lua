-- Gives a place back with what its attempt used, once: the windows have that then in the place of what was set aside.
-- A place that is not there because Redis has lost it, or that was never found, is counted too.
-- KEYS: 1 state of the channel, 2 places, 3 deadlines of the places
-- ARGV: 1 epoch, 2 request id (32 hex), 3 number of the attempt, 4 fence (0 where it is not known), 5 tokens used,
--       6 cost (units), 7 tokens a minute (or ''), then the windows as for enter
-- Returns {code, 0, 0, now (ms), slots used, used and held in the primary window, its start and end (ms), used in the
-- last hour}:
--   1 done, 3 the same again, or the place of another fence, 4 counted without a place, -6 windows not counted,
--   -9 bad argument
local state_key = KEYS[1]
local places_key = KEYS[2]
local slots_key = KEYS[3]
--@include numbers-0
--@include clock-0
--@include windows-0
--@include places-0
--@include flow-0
--@include demand-0

local rid, attempt, fence = ARGV[2], ARGV[3], whole(ARGV[4])
local tokens, cost, tokens_max = whole(ARGV[5]), whole(ARGV[6]), limit(ARGV[7] or 'x')
local fixed = 7

local function windows_asked()
  if not (whole(ARGV[1]) and request_id(rid) and attempt_no(attempt)) then return nil end
  if not (fence and tokens and cost and tokens_max) then return nil end
  local number = (#ARGV - fixed) / window_arguments
  if number ~= math.floor(number) or number > windows_max then return nil end
  return asked_windows(fixed + 1, number)
end

local windows = windows_asked()
if not windows then return {-9, 0, 0, 0, 0, 0, 0, 0, 0, 0} end
local us = now_us()
local now = milliseconds(us)
if not load_windows(windows, ARGV[1], now) then return report(-6, 0, 0, {}, now) end
lapse(windows, now)
local member = rid .. '.' .. attempt
local place = place_of(member)
local code = 3
if place and not place.is_gone and (fence == 0 or fence == place.fence) then
  code = 1
  correct(windows, place, tokens, cost)
  correct_flow(us, tokens_max, place.tokens, tokens)
  drop_place(member)
  -- Without a fence a repeat could not be told from a place that was never taken.
  if fence == 0 then put_gone(member, now) end
elseif not place and not is_known(fence) then
  code = 4
  for _, window in ipairs(windows) do
    window.used = math.min(window.used + share(window, tokens, cost), whole_max)
  end
  put_gone(member, now)
end
if code ~= 3 then add_demand(windows, now, tokens, cost) end
save_windows(windows)
return report(code, 0, 0, windows, now)
