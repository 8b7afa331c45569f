-- Removes a collection with all its records.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE, or another status
-- Why a script: the id has to be checked in the step that removes. UNLINK frees in the background.
local collection, status = opened()
if not collection then
  return status
end
count()
redis.call('UNLINK', KEYS[1], KEYS[2], KEYS[3], KEYS[4])
return DONE
