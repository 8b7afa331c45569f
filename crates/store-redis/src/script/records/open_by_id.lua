-- Opens a collection that has to be there.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- returns  DONE, or another status
-- Why a script: the key of an id outlives a collection that was dropped by half, so the id is compared.
local collection, status = opened()
if not collection then
  return status
end
is_read(collection, ARGV[2])
return DONE
