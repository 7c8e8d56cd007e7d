-- What an account has: the balance from PostgreSQL, what is held, what is settled but not posted yet. Held and
-- unsettled are sums over the entries of this shard and exist also before the balance is hydrated. A balance that came
-- in under another epoch than the caller's is an older copy's: it is not believed, and counts as none.
local function account_state()
  local fields = redis.call('HMGET', account_key, 'ver', 'st', 'bal', 'pend', 'uns', 'cap', 'ep')
  local hydrated = fields[7] == ARGV[1]
  return {
    hydrated = hydrated, version = count(fields[1]), active = fields[2] == '1',
    balance = hydrated and count(fields[3]) or 0, held = count(fields[4]), unsettled = count(fields[5]),
    slots = count(fields[6])
  }
end

local function available(account)
  return math.max(account.balance - account.held - account.unsettled, -whole_max)
end

local function save_account(account)
  redis.call('HSET', account_key, 'pend', text(account.held), 'uns', text(account.unsettled))
end
