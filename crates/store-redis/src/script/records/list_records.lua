-- Reads a part of the records of a collection, in byte order of their keys.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  most records that are wanted, 0 to 1000: unpack takes no more than some 8000
-- ARGV[4]  where to begin, as ZRANGE takes it: '-', or '(' and the key before
-- ARGV[5]  size in bytes that ends the page: no further record once the values have it together
-- returns  DONE, 1 when there are more records behind these, else 0, keys, descriptions, and values; or another status
-- Why a script: what is read depends on keys and sizes that are read before, and all of it is of one moment.
local collection, status = opened()
if not collection then
  return status
end
local _, is_whole = count()
if not is_whole then
  return CORRUPT
end
local limit, keys, descriptions, values, has_more = tonumber(ARGV[3]), {}, {}, {}, 0
if limit > 0 then
  keys = redis.call('ZRANGE', KEYS[4], ARGV[4], '+', 'BYLEX', 'LIMIT', 0, limit + 1)
end
if #keys > limit then
  table.remove(keys)
  has_more = 1
end
if #keys > 0 then
  descriptions = redis.call('HMGET', KEYS[3], unpack(keys))
  local fit, bytes = 0, 0
  while fit < #keys and bytes < tonumber(ARGV[5]) do
    fit = fit + 1
    local size = descriptions[fit] and string.match(descriptions[fit], '^(%d+) ')
    if not size then
      return CORRUPT
    end
    bytes = bytes + size
  end
  while #keys > fit do
    table.remove(keys)
    has_more = 1
  end
  values = redis.call('HMGET', KEYS[2], unpack(keys))
end
is_read(collection, ARGV[2])
return { DONE, has_more, keys, descriptions, values }
