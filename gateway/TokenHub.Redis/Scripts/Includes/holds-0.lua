-- An open hold: one field of the account's hash of holds, and one member of the shard's set of deadlines.
local function hold_of(rid)
  local value = redis.call('HGET', holds_key, rid)
  if not value then return nil end
  local amount, deadline, owner, key, first, taken =
    string.match(value, '^(%d+)|(%d+)|([%d.]+)|(%d+)|(%d+)([|%d]*)$')
  return {
    amount = tonumber(amount), deadline = tonumber(deadline), owner = owner, key = key, first = first, taken = taken
  }
end

local function due_member(account_id, rid, hold)
  return account_id .. '|' .. rid .. '|' .. hold.owner .. '|' .. hold.key
end

-- The amount of the first reservation is kept beside the present one, so that a repeat is known after an extension.
-- Behind them, where token rates hold: tokens as estimated, and for the rate of the key and of the account the
-- microseconds that they took and the instant up to which.
local function put_hold(account_id, rid, hold)
  local deadline = text(hold.deadline)
  local value = text(hold.amount) .. '|' .. deadline .. '|' .. hold.owner .. '|' .. hold.key .. '|' .. hold.first
    .. (hold.taken or '')
  redis.call('HSET', holds_key, rid, value)
  redis.call('ZADD', due_key, deadline, due_member(account_id, rid, hold))
end

-- Takes the hold out of both places and out of the counters, which the caller saves.
local function drop_hold(account_id, rid, hold, account, spend)
  redis.call('HDEL', holds_key, rid)
  redis.call('ZREM', due_key, due_member(account_id, rid, hold))
  account.held = less(account.held, hold.amount)
  spend.held = less(spend.held, hold.amount)
  spend.open = less(spend.open, 1)
end
