-- The refusal of a caller whose epoch is not the shard's, or nil. With may_be_unbuilt, a shard without one is let pass.
local function wrong_epoch(epoch, may_be_unbuilt)
  local current = redis.call('GET', epoch_key)
  if current == epoch then return nil end
  if current then return {-5, whole(current) or 0, 0} end
  if may_be_unbuilt then return nil end
  return {-2, 0, 0}
end
