-- Gives a hold back whole. Works also before the shard is built.
-- KEYS: 1 epoch, 2 account, 3 holds of the account, 4 deadlines, 5 spending of the key
-- ARGV: 1 epoch, 2 request id (32 hex), 3 account id, 4 key id
-- Returns {code, available afterwards | current epoch, 0}:
--   1 released, 2 nothing there, -5 stale epoch, -8 hold of another key, -9 bad argument
local epoch_key = KEYS[1]
local account_key = KEYS[2]
local holds_key = KEYS[3]
local due_key = KEYS[4]
local spend_key = KEYS[5]
--@include numbers-0
--@include epoch-0
--@include account-0
--@include spending-0
--@include holds-0

local rid, account_id, key = ARGV[2], ARGV[3], ARGV[4]

local function bad_arguments()
  return not (whole(ARGV[1]) and request_id(rid) and id(account_id) and id(key))
end

if bad_arguments() then return {-9, 0, 0} end
local wrong = wrong_epoch(ARGV[1], true)
if wrong then return wrong end
local account = account_state()
local hold = hold_of(rid)
if not hold then return {2, available(account), 0} end
if hold.key ~= key then return {-8, 0, 0} end

local spend = spend_state()
drop_hold(account_id, rid, hold, account, spend)
save_account(account)
save_spend(spend)
return {1, available(account), 0}
