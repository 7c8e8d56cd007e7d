-- Takes over an account's balance where it is newer, and its status and slots in any case: those have no version.
-- KEYS: 1 epoch, 2 account
-- ARGV: 1 epoch, 2 balance (units, may be negative), 3 its version, 4 active (1 or 0), 5 slots
-- Returns {code, available afterwards | current epoch, 0}:
--   1 something changed, 2 nothing did (older or the same), -2 shard not built, -5 stale epoch, -6 not hydrated,
--   -9 bad argument
local epoch_key = KEYS[1]
local account_key = KEYS[2]
--@include numbers-0
--@include epoch-0
--@include account-0

local balance, version, slots = signed(ARGV[2]), whole(ARGV[3]), whole(ARGV[5])

local function bad_arguments()
  return not (whole(ARGV[1]) and balance and version and flag(ARGV[4]) and slots)
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], false)
if wrong then return wrong end
local account = account_state()
if not account.hydrated then return {-6, 0, 0} end

local code = 2
if version > account.version then
  redis.call('HSET', account_key, 'bal', ARGV[2], 'ver', ARGV[3])
  account.balance = balance
  code = 1
end
if account.active ~= (ARGV[4] == '1') or account.slots ~= slots then
  redis.call('HSET', account_key, 'st', ARGV[4], 'cap', ARGV[5])
  code = 1
end
return {code, available(account), 0}
