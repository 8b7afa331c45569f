-- Removes a record.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  key of the record
-- returns  DONE, and 1 when it was there, else 0; or another status
-- Why a script: value, description and order are in three keys, and go together.
-- Nothing that the server could still refuse comes after a write. The times are written last: a server without memory
-- removes records, and takes the HSET only behind that.
local collection, status = opened()
if not collection then
  return status
end
count()
local values, descriptions, ordered =
  redis.call('HDEL', KEYS[2], ARGV[2]), redis.call('HDEL', KEYS[3], ARGV[2]), redis.call('ZREM', KEYS[4], ARGV[2])
if values + descriptions + ordered == 0 then
  return { DONE, 0 }
end
is_written(collection)
return { DONE, 1 }
