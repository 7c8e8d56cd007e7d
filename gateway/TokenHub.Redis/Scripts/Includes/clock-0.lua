-- Microseconds by the server's clock: the only clock that deadlines and rates know.
local function now_us()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end

local function milliseconds(us)
  return math.floor(us / 1000)
end
