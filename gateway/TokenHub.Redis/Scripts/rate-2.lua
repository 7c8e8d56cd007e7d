-- Takes one request and its tokens of a rate that has no account, or changes nothing. What it took is remembered under
-- the request for two minutes, so that a repeat takes nothing and it can be put right.
-- KEYS: 1 rate, 2 what this request took
-- ARGV: 1 requests a minute (or ''), 2 tokens a minute (or ''), 3 tokens of this request
-- Returns {code, 0, milliseconds to wait, microseconds in which the requests and the tokens will have flowed off, or -1
-- each, -1, -1}:
--   1 taken, 2 was taken before, -7 rate, -9 bad argument
local rate_key = KEYS[1]
local taken_key = KEYS[2]
--@include numbers-0
--@include clock-0
--@include rates-0

local requests_max, tokens_max, tokens = limit(ARGV[1]), limit(ARGV[2]), whole(ARGV[3])

if not (requests_max and tokens_max and tokens) then return {-9, 0, 0} end
local now = now_us()
local requests_at, tokens_at = instants(redis.call('GET', rate_key))
local code, wait_us = 2, 0
if not redis.call('GET', taken_key) then
  local requests_to, requests_wait = rate(requests_at, now, 1, requests_max)
  local tokens_to, tokens_wait = rate(tokens_at, now, tokens, tokens_max)
  code, wait_us = -7, math.max(requests_wait, tokens_wait)
  if requests_to and tokens_to then
    local function took(to, used, per_minute)
      if per_minute == math.huge then return '0|0' end
      return text(math.ceil(minute_us * (used / per_minute))) .. '|' .. text(to)
    end
    local taken = took(requests_to, 1, requests_max) .. '|' .. text(tokens) .. '|'
      .. took(tokens_to, tokens, tokens_max)
    redis.call('SET', rate_key, text(requests_to) .. '|' .. text(tokens_to), 'PX', '61000')
    redis.call('SET', taken_key, taken, 'PX', '120000')
    requests_at, tokens_at, code = requests_to, tokens_to, 1
  end
end
return {
  code, 0, math.ceil(wait_us / 1000), ahead(requests_at, now, requests_max), ahead(tokens_at, now, tokens_max), -1, -1
}
