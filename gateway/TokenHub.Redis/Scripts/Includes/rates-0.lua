-- Generic cell rate: the instant at which all that was used will have flowed off again, at most a minute ahead. A rate
-- is two of them, of requests and of tokens, as 'requests|tokens' in microseconds.
local minute_us = 60000000

-- An instant further ahead was written before the clock jumped back: it counts as none, or the rate would be shut for
-- as long as the jump.
local function flowing(instant, now)
  return instant > now and instant <= now + minute_us
end

-- Returns the new instant, or nil and the microseconds to wait.
local function rate(instant, now, used, per_minute)
  if per_minute == math.huge then return 0, 0 end
  if per_minute == 0 or used > per_minute then return nil, minute_us end
  local from = flowing(instant, now) and instant or now
  local to = from + math.ceil(minute_us * (used / per_minute))
  if to > now + minute_us then return nil, to - now - minute_us end
  return to, 0
end

local function instants(value)
  local requests_text, tokens_text = string.match(value or '0|0', '^(%d+)|(%d+)$')
  return count(requests_text), count(tokens_text)
end

-- How far an instant is ahead; -1 where there is no limit.
local function ahead(instant, now, per_minute)
  if per_minute == math.huge then return -1 end
  return flowing(instant, now) and instant - now or 0
end

-- An instant when what was taken by estimate turns out to be more or less. What has flowed off by now cannot be given
-- back; what is added never shuts the rate for more than a minute.
local function corrected(instant, now, taken, used, us, to)
  if us == 0 then return instant end
  local right_us = math.ceil(us * (used / taken))
  if right_us > us then
    return math.min((flowing(instant, now) and instant or now) + right_us - us, now + minute_us)
  end
  if not flowing(to, now) or not flowing(instant, now) then return instant end
  return instant - math.min(us - right_us, to - now)
end
