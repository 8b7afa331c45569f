-- Reads the keys of all records, in no order.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- returns  DONE, and the keys; or another status
-- Why a script: the id has to be checked in the step that reads. It does not sort, because scripts compare texts by the
--               locale of the server, and not by their bytes.

local collection, status = opened()
if not collection then
  return status
end
if not is_whole() then
  return CORRUPT
end
local keys = redis.call('HKEYS', KEYS[3])
is_read(collection, ARGV[2])
return { DONE, keys }
