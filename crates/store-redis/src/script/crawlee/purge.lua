-- Removes all records of a collection and keeps the collection.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE, or another status
-- Why a script: the id has to be checked in the step that removes, and the times move with it.

-- The times are written last: a server without memory removes records, and takes the JSON.SET only behind that.
-- UNLINK frees in the background.
local collection, status = opened()
if not collection then
  return status
end
check_types()
redis.call('UNLINK', KEYS[2], KEYS[3])
is_written(collection)
return DONE
