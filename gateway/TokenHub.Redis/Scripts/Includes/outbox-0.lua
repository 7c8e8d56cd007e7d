-- The second copy of a charge until PostgreSQL has it: 'account|key|cost|' and the record's bytes as they are. A cost of
-- zero without bytes says that PostgreSQL had the charge before its settlement came.
local function outbox_entry(rid)
  local value = redis.call('HGET', outbox_key, rid)
  if not value then return nil end
  local account_id, key, cost = string.match(value, '^(%d+)|(%d+)|(%d+)|')
  return {
    account_id = account_id, key = key, cost = tonumber(cost), posted = value == account_id .. '|' .. key .. '|0|'
  }
end
