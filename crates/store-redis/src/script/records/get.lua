-- Reads a record.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  key of the record
-- returns  DONE, nil twice or description and value, and for how many milliseconds no read has to move the time of the
--          last access; or another status
-- Why a script: value and description are in two keys, and both are of the collection that is checked.
-- A record that is missing where a key has lost some may be one of those.
local collection, status = opened()
if not collection then
  return status
end
local value, description = redis.call('HGET', KEYS[2], ARGV[3]), redis.call('HGET', KEYS[3], ARGV[3])
if not value and not description then
  local _, is_whole = count()
  if not is_whole then
    return CORRUPT
  end
end
return { DONE, description, value, is_read(collection, ARGV[2]) }
