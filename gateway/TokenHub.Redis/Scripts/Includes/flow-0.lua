-- Requests and tokens a minute by generic cell rate: 'requests|tokens', the instants (us) at which all that was used
-- will have flowed off again, at most a minute ahead. One further ahead was written before the clock went back and
-- counts as none.
local flow_minute_us = 60000000

local function flow_from(instant, us)
  return (instant > us and instant <= us + flow_minute_us) and instant or us
end

local function flow_length(used, per_minute)
  return math.ceil(flow_minute_us * (used / per_minute))
end

local function flow_state()
  return string.match(redis.call('HGET', state_key, 'rt') or '0|0', '^(%d+)|(%d+)$')
end

-- The new instant, or nil and the microseconds to wait. A single call above the rate takes a whole minute of it.
local function flow(instant, us, used, per_minute)
  if per_minute == math.huge then return 0, 0 end
  if per_minute == 0 then return nil, flow_minute_us end
  local to = flow_from(instant, us) + flow_length(math.min(used, per_minute), per_minute)
  if to > us + flow_minute_us then return nil, to - us - flow_minute_us end
  return to, 0
end

-- What is to be stored, or nil where there are no rates; and the milliseconds to wait where there is no room.
local function flows(us, requests_max, tokens_max, tokens)
  if requests_max == math.huge and tokens_max == math.huge then return nil, nil end
  local requests_text, tokens_text = flow_state()
  local requests_at, requests_wait = flow(count(requests_text), us, 1, requests_max)
  local tokens_at, tokens_wait = flow(count(tokens_text), us, tokens, tokens_max)
  if not requests_at or not tokens_at then
    return nil, math.ceil(math.max(requests_wait, tokens_wait) / 1000)
  end
  return text(requests_at) .. '|' .. text(tokens_at), nil
end

-- Puts what was used in the place of what was set aside.
local function correct_flow(us, tokens_max, set_aside, tokens)
  if tokens_max == math.huge or tokens_max == 0 then return end
  local requests_text, tokens_text = flow_state()
  local was = flow_length(math.min(set_aside, tokens_max), tokens_max)
  local is = flow_length(math.min(tokens, tokens_max), tokens_max)
  local to = math.min(math.max(flow_from(count(tokens_text), us) - was + is, 0), us + flow_minute_us)
  redis.call('HSET', state_key, 'rt', requests_text .. '|' .. text(to))
end
