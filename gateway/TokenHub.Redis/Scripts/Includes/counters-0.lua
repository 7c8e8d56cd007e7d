-- What an account and a key have: the absolute part from PostgreSQL, what is held, what is settled but not yet there.
-- Held and unsettled are sums over the entries of this shard and exist also before the absolute part is hydrated.
local function account_state()
  local fields = redis.call('HMGET', account_key, 'ver', 'st', 'bal', 'pend', 'uns', 'cap')
  return {
    hydrated = fields[1] and true or false, version = count(fields[1]), active = fields[2] == '1',
    balance = count(fields[3]), held = count(fields[4]), unsettled = count(fields[5]), slots = count(fields[6])
  }
end

local function spend_state()
  local fields = redis.call('HMGET', spend_key, 'sver', 'spent', 'pend', 'uns', 'open')
  return {
    hydrated = fields[1] and true or false, version = count(fields[1]), spent = count(fields[2]),
    held = count(fields[3]), unsettled = count(fields[4]), open = count(fields[5])
  }
end

local function available(account)
  return math.max(account.balance - account.held - account.unsettled, -whole_max)
end

local function key_remaining(spend, cap)
  return math.max(cap - spend.spent - spend.unsettled - spend.held, -whole_max)
end

-- True when a sum would no longer be exact. Only when Redis has lost a part of its numbers and kept another.
local function leaves_range(number, by)
  return number + by > whole_max
end

local function save_account(account)
  redis.call('HSET', account_key, 'pend', text(account.held), 'uns', text(account.unsettled))
end

local function save_spend(spend)
  redis.call('HSET', spend_key, 'pend', text(spend.held), 'uns', text(spend.unsettled), 'open', text(spend.open))
end
