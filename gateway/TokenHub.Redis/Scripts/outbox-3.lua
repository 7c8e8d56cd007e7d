-- Lists charges that have waited in the outbox for at least an age by the server's clock, oldest first. Changes
-- nothing.
-- KEYS: 1 epoch, 2 outbox, 3 times of the outbox
-- ARGV: 1 epoch, 2 age (ms), 3 most entries
-- Returns {1, request id, 'account|key|cost|record', ...}, or {code, current epoch, 0}:
--   -2 shard not built, -5 stale epoch, -9 bad argument
local epoch_key = KEYS[1]
local outbox_key = KEYS[2]
local outbox_times_key = KEYS[3]
--@include numbers-0
--@include clock-0
--@include epoch-0

local age_ms, entries_max = whole(ARGV[2]), whole(ARGV[3])

if not (whole(ARGV[1]) and age_ms and entries_max) then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], false)
if wrong then return wrong end
local until_ms = text(milliseconds(now_us()) - age_ms)
local rids = redis.call('ZRANGEBYSCORE', outbox_times_key, '-inf', until_ms, 'LIMIT', '0', ARGV[3])
local listed = {1}
for _, rid in ipairs(rids) do
  local value = redis.call('HGET', outbox_key, rid)
  if value then
    listed[#listed + 1] = rid
    listed[#listed + 1] = value
  end
end
return listed
