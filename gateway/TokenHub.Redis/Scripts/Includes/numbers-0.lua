-- Numbers come and go as text. A Lua number is a double, exact up to 2^53 - 1: nothing beyond that is let in.
local whole_max = 9007199254740991

local function whole(value)
  if type(value) ~= 'string' or #value > 16 or not string.find(value, '^%d+$') then return nil end
  if #value > 1 and string.sub(value, 1, 1) == '0' then return nil end
  local number = tonumber(value)
  if number > whole_max then return nil end
  return number
end

-- A balance may be below zero.
local function signed(value)
  if type(value) ~= 'string' or string.sub(value, 1, 1) ~= '-' then return whole(value) end
  local magnitude = whole(string.sub(value, 2))
  if magnitude == nil or magnitude == 0 then return nil end
  return -magnitude
end

-- An empty text is "no limit".
local function limit(value)
  if value == '' then return math.huge end
  return whole(value)
end

local function flag(value)
  return value == '0' or value == '1'
end

-- Ids may exceed what a double holds, so they stay text.
local function id(value)
  return type(value) == 'string' and #value <= 19 and string.find(value, '^[1-9]%d*$') ~= nil
end

local function request_id(value)
  return type(value) == 'string' and #value == 32 and not string.find(value, '[^0-9a-f]')
end

local function owner_id(value)
  return type(value) == 'string' and #value <= 24 and string.find(value, '^%d+%.%d+$') ~= nil
end

-- tostring() would write large numbers with an exponent.
local function text(number)
  return string.format('%.0f', number)
end

local function count(value)
  return tonumber(value or '0')
end

local function less(number, by)
  return math.max(number - by, 0)
end

-- True when a sum would no longer be exact. Only when Redis has lost a part of its numbers and kept another.
local function leaves_range(number, by)
  return number + by > whole_max
end
