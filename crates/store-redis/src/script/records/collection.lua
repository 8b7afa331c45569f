-- What every script of collections begins with: whether the collection is the one that was opened, and its times.
-- KEYS[1]  metadata: a hash of id, created_at, accessed_at, modified_at, and by_id once the id leads to the collection
-- KEYS[2]  values: a hash by the keys of the records
-- KEYS[3]  descriptions: a hash by the keys of the records, of the size in bytes, a space and the content type
-- KEYS[4]  order: a sorted set of the keys of the records, each with score 0
-- ARGV[1]  id of the collection that was opened
-- returns  a status, or an array that begins with one: DONE and what follows, or one of the others alone
-- Why a script: the id has to be checked in the step that does something to the collection, or a handle on a collection
--               that was dropped meanwhile would write into its successor.
-- Times are whole milliseconds since the Unix epoch, by the server's clock, and never go back.
-- A key of a foreign type is found by reading it, before anything is written.
local DONE, DROPPED, CORRUPT = 0, 1, 2

local function to_millis(text)
  if text and #text <= 15 and string.find(text, '^%d+$') then
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
