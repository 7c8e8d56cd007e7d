-- What was used in about the last hour: 'hour|hour before|this hour', of which the hour before counts for the part of
-- it that lies within the last sixty minutes.
local hour_ms = 3600000

local function demand_state(now)
  local hour = math.floor(now / hour_ms)
  local value = redis.call('HGET', state_key, 'd') or '0|0|0'
  local at, before, current = string.match(value, '^(%d+)|(%d+)|(%d+)$')
  at, before, current = tonumber(at), tonumber(before), tonumber(current)
  if at == hour then return { hour = hour, before = before, current = current } end
  return { hour = hour, before = at == hour - 1 and current or 0, current = 0 }
end

local function add_demand(windows, now, tokens, cost)
  if #windows == 0 then return end
  local demand = demand_state(now)
  demand.current = math.min(demand.current + share(windows[1], tokens, cost), whole_max)
  redis.call('HSET', state_key, 'd', text(demand.hour) .. '|' .. text(demand.before) .. '|' .. text(demand.current))
end

local function hour_demand(now)
  local demand = demand_state(now)
  local part = (hour_ms - now % hour_ms) / hour_ms
  return math.min(math.floor(demand.before * part) + demand.current, whole_max)
end

-- The answer of every script of a channel; without windows the last five are zero.
local function report(code, wait_ms, fence, windows, now)
  local primary = windows[1]
  if not primary or not primary.used then
    return {code, wait_ms, fence, now, slots_used(now), 0, 0, 0, 0, 0}
  end
  return {
    code, wait_ms, fence, now, slots_used(now), primary.used, primary.held, primary.from, primary.to, hour_demand(now)
  }
end
