-- Notes on a collection that its id leads to it.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE, or another status
-- Why a script: on a Cluster the key of the id is in another slot, so it is written before the note, and the collection
--               may have been dropped between the two.
local collection, status = opened()
if not collection then
  return status
end
redis.call('HSET', KEYS[1], 'by_id', 1)
return DONE
