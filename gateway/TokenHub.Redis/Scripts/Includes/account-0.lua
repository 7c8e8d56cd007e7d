-- What an account has: the balance from PostgreSQL, what is held, what is settled but not posted yet. Held and
-- unsettled are sums over the entries of this shard and exist also before the balance is hydrated.
local function account_state()
  local fields = redis.call('HMGET', account_key, 'ver', 'st', 'bal', 'pend', 'uns', 'cap')
  return {
    hydrated = fields[1] and true or false, version = count(fields[1]), active = fields[2] == '1',
    balance = count(fields[3]), held = count(fields[4]), unsettled = count(fields[5]), slots = count(fields[6])
  }
end

local function available(account)
  return math.max(account.balance - account.held - account.unsettled, -whole_max)
end

local function save_account(account)
  redis.call('HSET', account_key, 'pend', text(account.held), 'uns', text(account.unsettled))
end
