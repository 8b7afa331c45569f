-- Removes a record.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  key of the record
-- returns  DONE, and 1 when it was there, else 0; or another status. A value alone goes too, and was no record.
-- Why a script: value and description are in two keys, and go together.

-- The times are written last: a server without memory removes records, and takes the JSON.SET only behind that.
local collection, status = opened()
if not collection then
  return status
end
check_types()
redis.call('HDEL', KEYS[2], ARGV[2])
local existed = redis.call('HDEL', KEYS[3], ARGV[2])
if existed == 1 then
  is_written(collection)
end
return { DONE, existed }
