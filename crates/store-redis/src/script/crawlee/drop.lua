-- Removes a collection with all its records, and what leads to it.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE, or another status
-- Why a script: the id has to be checked in the step that removes. What all collections share is kept, and only the
--               fields of this one go.

-- UNLINK frees in the background.
local collection, status = opened()
if not collection then
  return status
end
check_types()
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[6], TEXT)
return DONE
