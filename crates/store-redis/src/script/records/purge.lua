-- Removes all records of a collection and keeps the collection.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE, or another status
-- Why a script: the id has to be checked in the step that removes, and the times move with it.
-- Nothing that the server could still refuse comes after a write. The times are written last: a server without memory
-- removes records, and takes the HSET only behind that. UNLINK frees in the background.
-- Without `by_id` the next open by name has the id lead here again, should the server have lost where it led.
local collection, status = opened()
if not collection then
  return status
end
count()
redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
redis.call('HDEL', KEYS[1], 'by_id')
is_written(collection)
return DONE
