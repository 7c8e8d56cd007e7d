-- What a key has: spent as PostgreSQL says, held and unsettled as sums like those of an account, and its open holds.
-- As with an account, what another epoch brought in counts as not there.
local function spend_state()
  local fields = redis.call('HMGET', spend_key, 'sver', 'spent', 'pend', 'uns', 'open', 'ep')
  return {
    hydrated = fields[6] == ARGV[1], version = count(fields[1]), spent = count(fields[2]),
    held = count(fields[3]), unsettled = count(fields[4]), open = count(fields[5])
  }
end

local function key_remaining(spend, cap)
  return math.max(cap - spend.spent - spend.unsettled - spend.held, -whole_max)
end

local function save_spend(spend)
  redis.call('HSET', spend_key, 'pend', text(spend.held), 'uns', text(spend.unsettled), 'open', text(spend.open))
end
