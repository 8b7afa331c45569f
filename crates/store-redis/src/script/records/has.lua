-- Whether there is a record.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  key of the record
-- returns  DONE, and 1 or 0; or another status
-- Why a script: the id has to be checked in the step that looks for the record.
local collection, status = opened()
if not collection then
  return status
end
local has_value, has_description = redis.call('HEXISTS', KEYS[2], ARGV[3]), redis.call('HEXISTS', KEYS[3], ARGV[3])
if has_value ~= has_description then
  return CORRUPT
end
if has_value == 0 then
  local _, is_whole = count()
  if not is_whole then
    return CORRUPT
  end
end
is_read(collection, ARGV[2])
return { DONE, has_value }
