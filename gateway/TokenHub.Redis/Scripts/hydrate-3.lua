-- Brings the absolute numbers of an account, and of a key, from PostgreSQL: where they are absent, older, or of another
-- epoch (then whatever their version, for PostgreSQL's word is newer than any older copy of Redis). What is
-- held and unsettled is left alone, so hydrating twice or late changes no sum. Works also before the shard is built.
-- KEYS: 1 epoch, 2 account, 3 spending of the key
-- ARGV: 1 epoch, 2 balance (units, may be negative), 3 its version, 4 active (1 or 0), 5 slots, 6 key id (0 = no key),
--       7 spent by the key (units), 8 its version
-- Returns {code, available afterwards | current epoch, 0}: 1 written, 2 all was there, -5 stale epoch, -9 bad argument
local epoch_key = KEYS[1]
local account_key = KEYS[2]
local spend_key = KEYS[3]
--@include numbers-0
--@include epoch-0
--@include account-0
--@include spending-0

local balance, version, slots, key = signed(ARGV[2]), whole(ARGV[3]), whole(ARGV[5]), ARGV[6]
local spent, spent_version = whole(ARGV[7]), whole(ARGV[8])

local function bad_arguments()
  if not (whole(ARGV[1]) and balance and version and flag(ARGV[4]) and slots) then return true end
  return not ((key == '0' or id(key)) and spent and spent_version)
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], true)
if wrong then return wrong end
local code = 2
local account = account_state()
if not account.hydrated or version > account.version then
  redis.call('HSET', account_key, 'bal', ARGV[2], 'ver', ARGV[3], 'st', ARGV[4], 'cap', ARGV[5], 'ep', ARGV[1])
  account.balance = balance
  code = 1
end
if key ~= '0' then
  local spend = spend_state()
  if not spend.hydrated or spent_version > spend.version then
    redis.call('HSET', spend_key, 'spent', ARGV[7], 'sver', ARGV[8], 'ep', ARGV[1])
    code = 1
  end
end
return {code, available(account), 0}
