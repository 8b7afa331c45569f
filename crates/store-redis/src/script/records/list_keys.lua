-- Reads a part of the keys of a collection with their descriptions, in byte order.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  most keys that are wanted, 0 to 1000: unpack takes no more than some 8000
-- ARGV[4]  where to begin, as ZRANGE takes it: '-', or '(' and the key before
-- returns  DONE, 1 when there are more keys behind these, else 0, the keys, and their descriptions; or another status
-- Why a script: keys and descriptions are in two keys, and the descriptions that are asked for depend on the keys.
local collection, status = opened()
if not collection then
  return status
end
local _, is_whole = count()
if not is_whole then
  return CORRUPT
end
local limit, keys, descriptions, has_more = tonumber(ARGV[3]), {}, {}, 0
if limit > 0 then
  keys = redis.call('ZRANGE', KEYS[4], ARGV[4], '+', 'BYLEX', 'LIMIT', 0, limit + 1)
end
if #keys > limit then
  table.remove(keys)
  has_more = 1
end
if #keys > 0 then
  descriptions = redis.call('HMGET', KEYS[3], unpack(keys))
end
is_read(collection, ARGV[2])
return { DONE, has_more, keys, descriptions }
