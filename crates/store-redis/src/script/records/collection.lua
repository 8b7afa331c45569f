-- How the native layout keeps a collection.
-- KEYS[1]  metadata: a hash of id, created_at, accessed_at, modified_at, and by_id once the id leads to the collection
-- KEYS[2]  values: a hash by the keys of the records
-- KEYS[3]  descriptions: a hash by the keys of the records, of the size in bytes, a space and the content type
-- KEYS[4]  order: a sorted set of the keys of the records, each with two NULs and its description behind it, with score 0
-- ARGV[1]  as in opened.lua
-- returns  as in opened.lua
-- Why a script: what is known of a record is in three keys, and of their collection in a fourth.
-- Times are whole milliseconds since the Unix epoch.
-- The descriptions are in two places: a page then reads one key from one end to the other, and in a large collection a
-- look into a hash for each record is most of what it costs. A NUL in a key is written as NUL and 1 in the order, which
-- keeps it: what ends a key is less than whatever goes on with it.

MILLI = 1
-- The end of the year 9999: what is behind it nobody can be told.
local LAST = 253402300799999

local function to_millis(text)
  if text and string.find(text, '^%d+$') and tonumber(text) <= LAST then
    return tonumber(text)
  end
end

local function to_text(millis)
  return string.format('%.0f', millis)
end

function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

function found()
  local id, created_at, accessed_at, modified_at, by_id =
    unpack(redis.call('HMGET', KEYS[1], 'id', 'created_at', 'accessed_at', 'modified_at', 'by_id'))
  created_at, accessed_at, modified_at = to_millis(created_at), to_millis(accessed_at), to_millis(modified_at)
  if id and string.find(id, '^[0-9A-Za-z]+$') and created_at and accessed_at and modified_at then
    return { id = id, created_at = created_at, accessed_at = accessed_at, modified_at = modified_at, by_id = by_id }
  end
  return nil, redis.call('EXISTS', KEYS[1]) == 0 and DROPPED or CORRUPT
end

-- How many records there are, and whether all three keys say so. An error when one of them is of a foreign type.
local function count()
  local values, descriptions, order =
    redis.call('HLEN', KEYS[2]), redis.call('HLEN', KEYS[3]), redis.call('ZCARD', KEYS[4])
  return order, values == order and descriptions == order
end

function setting(_, time, millis)
  return 'HSET', KEYS[1], time, to_text(millis)
end

local function is_written(collection)
  local now = now()
  local accessed_at, modified_at = math.max(now, collection.accessed_at), math.max(now, collection.modified_at)
  redis.call('HSET', KEYS[1], 'accessed_at', to_text(accessed_at), 'modified_at', to_text(modified_at))
end

-- A key as it is written in the order.
local function ordered(key)
  if not string.find(key, '\0', 1, true) then
    return key
  end
  return (string.gsub(key, '%z', '\0\1'))
end

-- Removes a key from the order, whatever its description is there; how often it was there.
local function remove_from_order(key)
  return redis.call('ZREMRANGEBYLEX', KEYS[4], '[' .. ordered(key) .. '\0\0', '(' .. ordered(key) .. '\0\1')
end
