-- Reads a part of the records of a collection, in byte order of their keys.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1…4]  as in page.lua, behind which it stands; at most 100 records, for unpack takes no more than some 8000
-- ARGV[5]  size in bytes that ends the page: no further record once the values have it together
-- returns  DONE, 1 when there are more records behind these, else 0, keys, descriptions, and values; or another status
-- Why a script: what is read depends on keys and sizes that are read before, and all of it is of one moment.
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
