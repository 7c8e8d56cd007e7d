-- Places at a channel: for each attempt a field 'fence|owner|tokens|cost' with what was set aside for it, and a member
-- of the set of deadlines. A score above zero is when its lease runs out; until then it takes a slot. After that the
-- slot is free, but what was set aside stays so until the attempt says what it used, or is forgotten: a score below
-- zero is when, and then what was set aside counts as used. 'x' is a place that was given back before it was found.
local lease_ms_max = 60000
local kept_ms = 3600000
local lapsed_max = 128

local function attempt_no(value)
  local number = whole(value)
  return number and number > 0 and number < 256
end

local function place_of(member)
  local value = redis.call('HGET', places_key, member)
  if not value then return nil end
  if value == 'x' then return { is_gone = true } end
  local fence, owner, tokens, cost = string.match(value, '^(%d+)|([%d.]+)|(%d+)|(%d+)$')
  return { fence = tonumber(fence), owner = owner, tokens = tonumber(tokens), cost = tonumber(cost) }
end

local function put_place(member, place, deadline)
  local value = text(place.fence) .. '|' .. place.owner .. '|' .. text(place.tokens) .. '|' .. text(place.cost)
  redis.call('HSET', places_key, member, value)
  redis.call('ZADD', slots_key, text(deadline), member)
end

local function put_gone(member, now)
  redis.call('HSET', places_key, member, 'x')
  redis.call('ZADD', slots_key, text(-(now + kept_ms)), member)
end

local function drop_place(member)
  redis.call('HDEL', places_key, member)
  redis.call('ZREM', slots_key, member)
end

-- Takes what was set aside for an attempt out of the windows and puts in what it used.
local function correct(windows, place, tokens, cost)
  for _, window in ipairs(windows) do
    if place.fence > window.since then
      window.held = less(window.held, share(window, place.tokens, place.cost))
      window.used = math.min(window.used + share(window, tokens, cost), whole_max)
    end
  end
end

local function slots_used(now)
  return redis.call('ZCOUNT', slots_key, text(now + 1), '+inf')
end

local function has_lease(member, now)
  local deadline = redis.call('ZSCORE', slots_key, member)
  return deadline and tonumber(deadline) > now
end

-- Leases that have run out free their slots; places that nobody has asked for in an hour are forgotten.
local function lapse(windows, now)
  local most = text(lapsed_max)
  local due = redis.call('ZRANGEBYSCORE', slots_key, text(-now), text(now), 'WITHSCORES', 'LIMIT', '0', most)
  for i = 1, #due, 2 do
    local member = due[i]
    if tonumber(due[i + 1]) > 0 then
      redis.call('ZADD', slots_key, text(-(now + kept_ms)), member)
    else
      local place = place_of(member)
      if place and not place.is_gone then correct(windows, place, place.tokens, place.cost) end
      drop_place(member)
    end
  end
end

-- A lease further ahead than any is given was given before the clock went back.
local function shorten_leases(now)
  local most = text(now + lease_ms_max)
  local far = redis.call('ZRANGEBYSCORE', slots_key, '(' .. most, '+inf', 'LIMIT', '0', text(lapsed_max))
  for _, member in ipairs(far) do
    redis.call('ZADD', slots_key, most, member)
  end
end

-- Fences rise; after a loss they go on above all earlier ones, for the first is the time. 'f0' is that first one.
local function next_fence(us)
  local last = last_fence()
  if last == 0 then
    last = us
    redis.call('HSET', state_key, 'f0', text(us))
  end
  redis.call('HSET', state_key, 'f', text(last + 1))
  return last + 1
end

-- True of a place that was taken since Redis has last lost the channel: if it is not there, it was given back.
local function is_known(fence)
  local first = redis.call('HGET', state_key, 'f0')
  return first and fence > count(first)
end
