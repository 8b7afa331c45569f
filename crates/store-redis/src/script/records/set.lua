-- Writes a record over any that is there.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  key of the record
-- ARGV[3]  content type
-- ARGV[4]  value
-- returns  DONE, or another status
-- Why a script: value, description and order are in three keys, and change together or not at all.
-- Nothing that the server could still refuse comes after a write: the first HSET fails where the server has no memory,
-- no disk or too few replicas, and after it these are no longer asked for.
local collection, status = opened()
if not collection then
  return status
end
count()
is_written(collection)
redis.call('ZADD', KEYS[4], 0, ARGV[2])
redis.call('HSET', KEYS[3], ARGV[2], #ARGV[4] .. ' ' .. ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
return DONE
