-- Lists holds whose deadline has passed by the server's clock. Changes nothing: whoever asks decides about each.
-- KEYS: 1 epoch, 2 deadlines
-- ARGV: 1 epoch, 2 most entries
-- Returns {1, 'account|request id|owner|key', deadline (ms), ...}, or {code, current epoch, 0}:
--   -2 shard not built, -5 stale epoch, -9 bad argument
local epoch_key = KEYS[1]
local due_key = KEYS[2]
--@include numbers-0
--@include clock-0
--@include epoch-0

local entries_max = whole(ARGV[2])

if not (whole(ARGV[1]) and entries_max) then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], false)
if wrong then return wrong end
local now_ms = text(milliseconds(now_us()))
local due = redis.call('ZRANGEBYSCORE', due_key, '-inf', now_ms, 'WITHSCORES', 'LIMIT', '0', ARGV[2])
table.insert(due, 1, 1)
return due
