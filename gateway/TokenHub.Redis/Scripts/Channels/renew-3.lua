-- Renews the leases of one gateway's places at a channel; those that Redis has lost are put back, also where there is
-- no room, because they are in use. With no places it only tells how the channel stands.
-- KEYS: 1 state of the channel, 2 places, 3 deadlines of the places
-- ARGV: 1 epoch, 2 owner (gateway.boot), 3 lease (ms), 4 number of windows, then the windows as for enter, then for
--       each place: request id (32 hex), number of the attempt, fence, tokens and cost (units) set aside
-- Returns {code, 0, 0, now (ms), slots used, used and held in the primary window, its start and end (ms), used in the
-- last hour}, then the fence of each place, another than before where it was put back, 0 where it was given back:
--   1 done, -6 windows not counted, -9 bad argument
local state_key = KEYS[1]
local places_key = KEYS[2]
local slots_key = KEYS[3]
--@include numbers-0
--@include clock-0
--@include windows-0
--@include places-0
--@include demand-0

local owner, lease_ms, number = ARGV[2], whole(ARGV[3]), whole(ARGV[4])
local fixed, place_arguments = 4, 5

local function bad_place(i)
  if not (request_id(ARGV[i]) and attempt_no(ARGV[i + 1]) and whole(ARGV[i + 2])) then return true end
  return not (whole(ARGV[i + 3]) and whole(ARGV[i + 4]))
end

local function windows_asked()
  if not (whole(ARGV[1]) and owner_id(owner) and lease_ms and lease_ms > 0 and lease_ms <= lease_ms_max) then
    return nil
  end
  if not (number and number <= windows_max) then return nil end
  local first = fixed + 1 + number * window_arguments
  if first > #ARGV + 1 or (#ARGV + 1 - first) % place_arguments ~= 0 then return nil end
  for i = first, #ARGV, place_arguments do
    if bad_place(i) then return nil end
  end
  return asked_windows(fixed + 1, number), first
end

-- The fence of the place from now on, or 0.
local function renewed(windows, us, i)
  local member, fence = ARGV[i] .. '.' .. ARGV[i + 1], whole(ARGV[i + 2])
  local deadline = milliseconds(us) + lease_ms
  local place = place_of(member)
  if place then
    if place.is_gone or place.fence ~= fence then return 0 end
    redis.call('ZADD', slots_key, text(deadline), member)
    return fence
  end
  if is_known(fence) then return 0 end
  place = { fence = next_fence(us), owner = owner, tokens = whole(ARGV[i + 3]), cost = whole(ARGV[i + 4]) }
  put_place(member, place, deadline)
  for _, window in ipairs(windows) do
    window.held = math.min(window.held + share(window, place.tokens, place.cost), whole_max)
  end
  return place.fence
end

local windows, first = windows_asked()
if not windows then return {-9, 0, 0, 0, 0, 0, 0, 0, 0, 0} end
local us = now_us()
local now = milliseconds(us)
if not load_windows(windows, ARGV[1], now) then return report(-6, 0, 0, {}, now) end
shorten_leases(now)
local fences = {}
for i = first, #ARGV, place_arguments do
  fences[#fences + 1] = renewed(windows, us, i)
end
lapse(windows, now)
save_windows(windows)
local answer = report(1, 0, 0, windows, now)
for _, fence in ipairs(fences) do
  answer[#answer + 1] = fence
end
return answer
