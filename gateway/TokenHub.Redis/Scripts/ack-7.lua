-- PostgreSQL has these charges of one account and key: their outbox entries go, their cost is no longer unsettled,
-- holds still open for them go too, and the absolute numbers are taken over where they are newer. A hold that was still
-- open leaves a mark in the outbox, so that its settlement, which is late, is not counted a second time; the next
-- acknowledgement takes the mark away. Works also before the shard is built.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 outbox, 6 times of the outbox, 7 spending of the key
-- ARGV: 1 epoch, 2 account id, 3 balance (units, may be negative), 4 its version, 5 key id, 6 spent by the key (units),
--       7 its version, 8.. request ids (32 hex)
-- Returns {code, requests of which something was dropped | current epoch, 0}:
--   1 done, -5 stale epoch, -9 bad argument
local epoch_key = KEYS[1]
local account_key = KEYS[2]
local holds_key = KEYS[3]
local due_key = KEYS[4]
local outbox_key = KEYS[5]
local outbox_times_key = KEYS[6]
local spend_key = KEYS[7]
--@include numbers-0
--@include clock-0
--@include epoch-0
--@include account-0
--@include spending-0
--@include holds-0
--@include outbox-0

local account_id, balance, version, key = ARGV[2], signed(ARGV[3]), whole(ARGV[4]), ARGV[5]
local spent, spent_version = whole(ARGV[6]), whole(ARGV[7])

local function bad_arguments()
  if not (whole(ARGV[1]) and id(account_id) and id(key)) then return true end
  if not (balance and version and spent and spent_version) then return true end
  for i = 8, #ARGV do
    if not request_id(ARGV[i]) then return true end
  end
  return false
end

-- An entry of another account or key stays: it is not what PostgreSQL spoke of.
local function drop_outbox(rid, account, spend)
  local settled = outbox_entry(rid)
  if not settled or settled.account_id ~= account_id or settled.key ~= key then return false end
  redis.call('HDEL', outbox_key, rid)
  redis.call('ZREM', outbox_times_key, rid)
  account.unsettled = less(account.unsettled, settled.cost)
  spend.unsettled = less(spend.unsettled, settled.cost)
  return true
end

local function drop_open(rid, account, spend)
  local hold = hold_of(rid)
  if not hold or hold.key ~= key then return false end
  drop_hold(account_id, rid, hold, account, spend)
  return true
end

local function mark_posted(rid)
  redis.call('HSET', outbox_key, rid, account_id .. '|' .. key .. '|0|')
  redis.call('ZADD', outbox_times_key, text(milliseconds(now_us())), rid)
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], true)
if wrong then return wrong end
local account = account_state()
local spend = spend_state()
local dropped = 0
for i = 8, #ARGV do
  local settled = drop_outbox(ARGV[i], account, spend)
  local open = drop_open(ARGV[i], account, spend)
  if settled or open then dropped = dropped + 1 end
  if open and not outbox_entry(ARGV[i]) and not settled then mark_posted(ARGV[i]) end
end
if dropped > 0 then
  save_account(account)
  save_spend(spend)
end
if account.hydrated and version > account.version then
  redis.call('HSET', account_key, 'bal', ARGV[3], 'ver', ARGV[4])
end
if spend.hydrated and spent_version > spend.version then
  redis.call('HSET', spend_key, 'spent', ARGV[6], 'sver', ARGV[7])
end
return {1, dropped, 0}
