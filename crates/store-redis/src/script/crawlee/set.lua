-- Writes a record over any that is there.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  key of the record
-- ARGV[3]  content type
-- ARGV[4]  value
-- returns  DONE, or another status
-- Why a script: value and description are in two keys, and change together or not at all.

-- Nothing that the server could still refuse comes after a write: the first one fails where the server has no memory,
-- no disk or too few replicas, and after it these are no longer asked for.
local collection, status = opened()
if not collection then
  return status
end
check_types()
is_written(collection)
redis.call('HSET', KEYS[3], ARGV[2], string.format('{"key":%s,"content_type":%s,"size":%.0f}',
  quoted(ARGV[2]), quoted(ARGV[3]), #ARGV[4]))
redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
return DONE
