-- Reads a part of the records of a collection, in byte order of their keys.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  most records that are wanted, 0 to 100: unpack takes no more than some 8000
-- ARGV[4]  where to begin: '-', or '(' and the key before
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
local keys, descriptions, has_more = page(tonumber(ARGV[3]), ARGV[4])
if not keys then
  return CORRUPT
end
local fit, bytes, values = 0, 0, {}
while fit < #keys and bytes < tonumber(ARGV[5]) do
  fit = fit + 1
  local size = string.match(descriptions[fit], '^(%d+) ')
  if not size then
    return CORRUPT
  end
  bytes = bytes + size
end
while #keys > fit do
  table.remove(keys)
  table.remove(descriptions)
  has_more = 1
end
if #keys > 0 then
  values = redis.call('HMGET', KEYS[2], unpack(keys))
end
is_read(collection, ARGV[2])
return { DONE, has_more, keys, descriptions, values }
