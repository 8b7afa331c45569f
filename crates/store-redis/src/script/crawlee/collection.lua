-- How Crawlee's layout keeps a collection.
-- KEYS[1]  metadata: a JSON document of id, name, accessed_at, created_at and modified_at
-- KEYS[2]  values: a hash by the keys of the records
-- KEYS[3]  descriptions: a hash by the keys of the records, of JSON documents of key, content_type and size
-- KEYS[4]  signal: a list on which Crawlee waits for a collection that another of its processes creates
-- KEYS[5]  texts by id: a hash of all collections
-- KEYS[6]  ids by text: a hash of all collections
-- ARGV[1]  as in opened.lua
-- ARGV[#ARGV]  what the collection is called: its name, else its alias, else 'default'. It is taken off here, so that what
--              is before it stands where it does in every layout.
-- returns  as in opened.lua
-- Why a script: JSON.SET has no condition on what is there.
-- Times are microseconds since the Unix epoch, written as Crawlee writes them, and read in every form that it reads.

local TEXT = table.remove(ARGV)

local SECOND = 1000000
MILLI = 1000
local SECONDS_A_DAY = 86400
-- Numbers above this are milliseconds, not seconds, as they are for Crawlee.
local MOST_SECONDS = 2e10
-- The beginning of the year 1, and that of the year 10000: Crawlee reads no time outside of them. So far away a number
-- is exact to 32 microseconds.
local FIRST, BEYOND = -62135596800 * SECOND, 253402300800 * SECOND

-- The days from the epoch to a date. The year begins in March here, so that a leap day is the last of its year.
local function days_until(year, month, day)
  if month < 3 then
    year, month = year - 1, month + 12
  end
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap_days + math.floor((153 * month - 457) / 5) + day - 719469
end

-- The date so many days after the epoch.
local function date_after(days)
  local year = 1971 + math.floor(days / 365.2425)
  while days_until(year, 1, 1) > days do
    year = year - 1
  end
  local month = 12
  while days_until(year, month, 1) > days do
    month = month - 1
  end
  return year, month, days - days_until(year, month, 1) + 1
end

local function spelled(time)
  local seconds = math.floor(time / SECOND)
  local days = math.floor(seconds / SECONDS_A_DAY)
  local of_day = seconds - days * SECONDS_A_DAY
  local year, month, day = date_after(days)
  local hour, minute = math.floor(of_day / 3600), math.floor(of_day / 60) % 60
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%06d+00:00',
    year, month, day, hour, minute, of_day % 60, time - seconds * SECOND)
end

-- The seconds by which a time of this zone is ahead of UTC; a time without a zone is UTC.
local function offset(zone)
  if zone == '' or zone == 'Z' or zone == 'z' then
    return 0
  end
  local sign, hours, minutes = string.match(zone, '^([+-])(%d%d):?(%d%d)$')
  if not sign or tonumber(hours) > 23 or tonumber(minutes) > 59 then
    return nil
  end
  return (hours * 3600 + minutes * 60) * (sign == '-' and -1 or 1)
end

-- The microseconds of a day, less its offset from UTC.
local function of_day(text)
  if text == '' then
    return 0
  end
  local hour, minute, rest = string.match(text, '^[Tt _](%d%d):(%d%d)(.*)$')
  if not hour then
    return nil
  end
  local second, behind = string.match(rest, '^:(%d%d)(.*)$')
  local fraction, zone = string.match(behind or '', '^[.,](%d+)(.*)$')
  local ahead = offset(zone or behind or rest)
  second = second or 0
  if not ahead or tonumber(hour) > 23 or tonumber(minute) > 59 or tonumber(second) > 59 then
    return nil
  end
  local micros = string.sub((fraction or '') .. '000000', 1, 6)
  return (hour * 3600 + minute * 60 + second - ahead) * SECOND + micros
end

local function within_calendar(time)
  return time >= FIRST and time < BEYOND and time or nil
end

-- The time that another program has written: RFC 3339 in its usual variants, or a number; nil for anything else.
local function read_time(written)
  if type(written) == 'string' and string.find(written, '^%-?%d+%.?%d*$') then
    written = tonumber(written)
  end
  if type(written) == 'number' then
    return within_calendar(math.floor(written * (math.abs(written) > MOST_SECONDS and MILLI or SECOND)))
  end
  if type(written) ~= 'string' then
    return nil
  end
  local year, month, day, rest = string.match(written, '^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$')
  local time = rest and of_day(rest)
  if not time or tonumber(month) < 1 or tonumber(month) > 12 then
    return nil
  end
  local days = days_until(tonumber(year), tonumber(month), tonumber(day))
  local _, month_again, day_again = date_after(days)
  if month_again ~= tonumber(month) or day_again ~= tonumber(day) then
    return nil
  end
  return within_calendar(days * SECONDS_A_DAY * SECOND + time)
end

function now()
  local time = redis.call('TIME')
  return time[1] * SECOND + time[2]
end

-- Crawlee takes either spelling of a name, the one in camel case first.
local function either(document, snake, camel)
  local name = document[camel] ~= nil and camel or snake
  return { name = name, value = document[name] }
end

function found()
  local text = redis.call('JSON.GET', KEYS[1], '.')
  if not text then
    return nil, DROPPED
  end
  local decodes, document = pcall(cjson.decode, text)
  if not decodes or type(document) ~= 'table' or type(document.id) ~= 'string' then
    return nil, CORRUPT
  end
  local has_name = document.name ~= nil and document.name ~= cjson.null
  -- The document of another collection would lead its id here.
  if has_name and document.name ~= TEXT then
    return nil, CORRUPT
  end
  local collection = { id = document.id, name = has_name and document.name, spellings = {} }
  local times = { created_at = 'createdAt', accessed_at = 'accessedAt', modified_at = 'modifiedAt' }
  for snake, camel in pairs(times) do
    local time = either(document, snake, camel)
    collection[snake], collection.spellings[snake] = read_time(time.value), time.name
    if not collection[snake] then
      return nil, CORRUPT
    end
  end
  return collection
end

-- Whether there are as many values as descriptions. An error when one of the two keys is of a foreign type.
local function is_whole()
  return redis.call('HLEN', KEYS[2]) == redis.call('HLEN', KEYS[3])
end

-- An error when one of the keys beside the metadata is of a foreign type.
local function check_types()
  is_whole()
  redis.call('LLEN', KEYS[4])
  redis.call('HLEN', KEYS[5])
  redis.call('HLEN', KEYS[6])
end

function setting(collection, time, micros)
  return 'JSON.SET', KEYS[1], '$.' .. collection.spellings[time], '"' .. spelled(micros) .. '"'
end

local function is_written(collection)
  local now = now()
  for _, time in ipairs({ 'accessed_at', 'modified_at' }) do
    if now > collection[time] then
      redis.call(setting(collection, time, now))
    end
  end
end

local SHORT_ESCAPES = {
  ['"'] = '\\"', ['\\'] = '\\\\', ['\b'] = '\\b', ['\f'] = '\\f', ['\n'] = '\\n', ['\r'] = '\\r', ['\t'] = '\\t'
}

-- A text in JSON, spelled as Crawlee's library spells it: nothing is escaped that need not be.
local function quoted(text)
  local escaped = string.gsub(text, '[%z\1-\31"\\]', function(character)
    return SHORT_ESCAPES[character] or string.format('\\u%04x', string.byte(character))
  end)
  return '"' .. escaped .. '"'
end

-- What a record is: its size in bytes, a space and its content type; nil where the description is none.
-- The size is that of the value, for other writers may leave it out.
local function described(description, size)
  local decodes, document = pcall(cjson.decode, description)
  if not decodes or type(document) ~= 'table' then
    return nil
  end
  local content_type = either(document, 'content_type', 'contentType').value
  if type(content_type) ~= 'string' then
    return nil
  end
  return string.format('%.0f', size) .. ' ' .. content_type
end
