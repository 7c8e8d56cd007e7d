-- Puts right what a request took of a rate by estimate, once: its tokens, and the request itself if there was none.
-- KEYS: 1 rate, 2 what this request took
-- ARGV: 1 requests (0 or 1), 2 tokens used
-- Returns {code, 0, 0}: 1 done, 2 nothing there, -9 bad argument
local rate_key = KEYS[1]
local taken_key = KEYS[2]
--@include numbers-0
--@include clock-0
--@include rates-0

local used = whole(ARGV[2])

if not (flag(ARGV[1]) and used) then return {-9, 0, 0} end
local requests_us, requests_to, tokens, tokens_us, tokens_to =
  string.match(redis.call('GET', taken_key) or '', '^(%d+)|(%d+)|(%d+)|(%d+)|(%d+)$')
if not requests_us then return {2, 0, 0} end
redis.call('DEL', taken_key)
local now = now_us()
local requests_at, tokens_at = instants(redis.call('GET', rate_key))
local requests_right = corrected(requests_at, now, 1, whole(ARGV[1]), tonumber(requests_us), tonumber(requests_to))
local tokens_right = corrected(tokens_at, now, tonumber(tokens), used, tonumber(tokens_us), tonumber(tokens_to))
if requests_right ~= requests_at or tokens_right ~= tokens_at then
  redis.call('SET', rate_key, text(requests_right) .. '|' .. text(tokens_right), 'PX', '61000')
end
return {1, 0, 0}
