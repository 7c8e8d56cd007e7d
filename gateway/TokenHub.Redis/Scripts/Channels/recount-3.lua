-- Brings what was used in each window's period from PostgreSQL, where it is not counted here, or by a clock that has
-- gone back since; what is set aside for places that are known counts as held then. What was counted in an earlier
-- epoch may be an older copy, and PostgreSQL a moment behind: the higher count holds.
-- KEYS: 1 state of the channel, 2 places, 3 deadlines of the places
-- ARGV: 1 epoch, then the windows as for enter, with what is used in the place of the limit
-- Returns {code, 0, 0, now (ms), slots used, used and held in the primary window, its start and end (ms), used in the
-- last hour}: 1 written, 2 all was there, or of a later epoch, -9 bad argument
local state_key = KEYS[1]
local places_key = KEYS[2]
local slots_key = KEYS[3]
--@include numbers-0
--@include clock-0
--@include windows-0
--@include places-0
--@include demand-0

local fixed = 1
local state_ttl_ms = '691200000'

local function windows_asked()
  if not whole(ARGV[1]) then return nil end
  local number = (#ARGV - fixed) / window_arguments
  if number ~= math.floor(number) or number < 1 or number > windows_max then return nil end
  return asked_windows(fixed + 1, number)
end

local function held_by_places(windows)
  local values = redis.call('HVALS', places_key)
  for _, value in ipairs(values) do
    local tokens, cost = string.match(value, '|(%d+)|(%d+)$')
    for _, window in ipairs(windows) do
      local part = tokens and share(window, tonumber(tokens), tonumber(cost)) or 0
      window.held = math.min(window.held + part, whole_max)
    end
  end
end

-- Fields of windows that the channel no longer has, once their period is over.
local function drop_old(now)
  local fields = redis.call('HGETALL', state_key)
  for i = 1, #fields, 2 do
    local to = string.find(fields[i], '^w:') and string.match(fields[i + 1], '^%d+|(%d+)|')
    if to and tonumber(to) <= now then redis.call('HDEL', state_key, fields[i]) end
  end
end

local windows = windows_asked()
if not windows then return {-9, 0, 0, 0, 0, 0, 0, 0, 0, 0} end
local now = milliseconds(now_us())
local counted = count(redis.call('HGET', state_key, 'ep'))
local epoch = count(ARGV[1])
if counted > epoch then return report(2, 0, 0, {}, now) end
local missing = {}
for _, window in ipairs(windows) do
  local from = window.from
  if not is_counted(window, now) then
    window.used, window.held, window.since = window.amount, 0, 0
    missing[#missing + 1] = window
  elseif counted < epoch and window.from == from then
    window.used = math.max(window.used, window.amount)
  end
end
if #missing > 0 then
  held_by_places(missing)
  drop_old(now)
end
redis.call('HSET', state_key, 'ep', ARGV[1])
save_windows(windows)
redis.call('PEXPIRE', state_key, state_ttl_ms)
return report(#missing > 0 and 1 or 2, 0, 0, windows, now)
