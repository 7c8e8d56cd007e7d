-- The quota windows of a channel: a field of its state each, 'start|end|used|held|since'. Used is what attempts that
-- are over have used, held what is set aside for those under way. An attempt counts where its fence is above since: not
-- where it began in an earlier period. The field 'ep' is the epoch in which the counts were made: after any loss it
-- rises, and what an older copy says counts as not there.
local window_arguments = 5
local windows_max = 16
-- So far the clock may go back without the counts being made anew.
local clock_slack_ms = 60000

-- The windows asked for, from ARGV[first] on: name (16 hex), kind (0 units, 1 tokens, 2 requests), limit or what is
-- used, start and end of the period (ms); or nil when they are not of that form.
local function asked_windows(first, number)
  local windows = {}
  for i = 1, number do
    local at = first + (i - 1) * window_arguments
    local name, kind = ARGV[at], ARGV[at + 1]
    local amount, from, to = whole(ARGV[at + 2]), whole(ARGV[at + 3]), whole(ARGV[at + 4])
    if not (type(name) == 'string' and #name == 16 and not string.find(name, '[^0-9a-f]')) then return nil end
    if not ((kind == '0' or kind == '1' or kind == '2') and amount and from and to and from < to) then return nil end
    windows[i] = { name = name, kind = kind, amount = amount, from = from, to = to }
  end
  return windows
end

-- What an attempt counts for in a window.
local function share(window, tokens, cost)
  if window.kind == '2' then return 1 end
  return window.kind == '1' and tokens or cost
end

local function last_fence()
  return count(redis.call('HGET', state_key, 'f'))
end

local function put_window(window)
  local period = text(window.from) .. '|' .. text(window.to)
  local counts = text(window.used) .. '|' .. text(window.held) .. '|' .. text(window.since)
  redis.call('HSET', state_key, 'w:' .. window.name, period .. '|' .. counts)
end

-- Fills in what is stored of a window, and says whether it can be counted on: false where it has to be counted anew.
local function is_counted(window, now)
  local value = redis.call('HGET', state_key, 'w:' .. window.name)
  if not value then return false end
  local from, to, used, held, since = string.match(value, '^(%d+)|(%d+)|(%d+)|(%d+)|(%d+)$')
  from, to = tonumber(from), tonumber(to)
  if from > now + clock_slack_ms then return false end
  window.is_current = window.from <= now and now < window.to
  if window.is_current and window.from >= to then
    -- The stored period is over and another has begun. Periods only ever follow one another.
    window.used, window.held, window.since = 0, 0, last_fence()
  else
    -- An earlier period than the stored one is that of a clock that went back a little.
    window.is_current = window.is_current or from > now
    window.from, window.to = from, to
    window.used, window.held, window.since = tonumber(used), tonumber(held), tonumber(since)
  end
  return true
end

-- False when any of the windows has to be counted anew from PostgreSQL.
local function load_windows(windows, epoch, now)
  if #windows == 0 then return true end
  local counted = redis.call('HGET', state_key, 'ep')
  if not counted or count(counted) < count(epoch) then return false end
  for _, window in ipairs(windows) do
    if not is_counted(window, now) then return false end
  end
  return true
end

local function save_windows(windows)
  for _, window in ipairs(windows) do
    put_window(window)
  end
end
