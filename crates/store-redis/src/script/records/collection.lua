-- What every script of collections begins with: whether the collection is the one that was opened, and its times.
-- KEYS[1]  metadata: a hash of id, created_at, accessed_at, modified_at, and by_id once the id leads to the collection
-- KEYS[2]  values: a hash by the keys of the records
-- KEYS[3]  descriptions: a hash by the keys of the records, of the size in bytes, a space and the content type
-- KEYS[4]  order: a sorted set of the keys of the records, each with two NULs and its description behind it, with score 0
-- ARGV[1]  id of the collection that was opened
-- returns  a status, or an array that begins with one: DONE and what follows, or one of the others alone
-- Why a script: the id has to be checked in the step that does something to the collection, or a handle on a collection
--               that was dropped meanwhile would write into its successor.
-- Times are whole milliseconds since the Unix epoch, by the server's clock, and never go back.
-- A key of a foreign type is found by reading it, before anything is written.
-- What is said of writes that follow each other takes for granted that the user has all rights that are asked for.
-- The descriptions are in two places: a page then reads one key from one end to the other, and in a large collection a
-- look into a hash for each record is most of what it costs. A NUL in a key is written as NUL and 1 in the order, which
-- keeps it: what ends a key is less than whatever goes on with it.
local DONE, DROPPED, CORRUPT = 0, 1, 2

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

local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The collection that has this name, whichever it is; without one nil, and the status that says so.
local function found()
  local id, created_at, accessed_at, modified_at, by_id =
    unpack(redis.call('HMGET', KEYS[1], 'id', 'created_at', 'accessed_at', 'modified_at', 'by_id'))
  created_at, accessed_at, modified_at = to_millis(created_at), to_millis(accessed_at), to_millis(modified_at)
  if id and string.find(id, '^[0-9A-Za-z]+$') and created_at and accessed_at and modified_at then
    return { id = id, created_at = created_at, accessed_at = accessed_at, modified_at = modified_at, by_id = by_id }
  end
  return nil, redis.call('EXISTS', KEYS[1]) == 0 and DROPPED or CORRUPT
end

-- The collection that was opened; when it is not there any more nil, and the status that says so.
local function opened()
  local collection, status = found()
  if collection and collection.id ~= ARGV[1] then
    return nil, DROPPED
  end
  return collection, status
end

-- How many records there are, and whether all three keys say so. An error when one of them is of a foreign type.
local function count()
  local values, descriptions, order =
    redis.call('HLEN', KEYS[2]), redis.call('HLEN', KEYS[3]), redis.call('ZCARD', KEYS[4])
  return order, values == order and descriptions == order
end

-- Moves the time of the last access when it is `tolerance` milliseconds old; never where that is no number.
-- A server that takes no writes now (no memory, no disk, too few replicas) still answers reads, hence pcall.
local function is_read(collection, tolerance)
  if not tonumber(tolerance) then
    return
  end
  local now = now()
  if now > collection.accessed_at and now - collection.accessed_at >= tonumber(tolerance) then
    redis.pcall('HSET', KEYS[1], 'accessed_at', to_text(now))
  end
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

-- Key and description in a member of the order; nil where somebody else wrote it.
local function parts(member)
  local key_end = string.find(member, '\0\0', 1, true)
  if not key_end then
    return nil
  end
  local key = string.sub(member, 1, key_end - 1)
  if string.find(key, '\0', 1, true) then
    key = string.gsub(key, '%z\1', '\0')
  end
  return key, string.sub(member, key_end + 2)
end

-- At most `limit` keys with their descriptions, from `start` on, which is '-', or '(' and the key before; and 1 when there
-- are more behind them, else 0. Nil where somebody else wrote among them.
local function page(limit, start)
  local keys, descriptions = {}, {}
  if limit == 0 then
    return keys, descriptions, 0
  end
  if start ~= '-' then
    start = '[' .. ordered(string.sub(start, 2)) .. '\0\1'
  end
  local members = redis.call('ZRANGE', KEYS[4], start, '+', 'BYLEX', 'LIMIT', 0, limit + 1)
  for i = 1, math.min(limit, #members) do
    keys[i], descriptions[i] = parts(members[i])
    if not keys[i] then
      return nil
    end
  end
  return keys, descriptions, #members > limit and 1 or 0
end
