-- Reads a record.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  key of the record
-- returns  DONE, and nil twice or description and value; or another status
-- Why a script: value and description are in two keys, and both are of the collection that is checked.

-- Half a record is damage, and so is a record that is missing where one of the two keys has lost some.
local collection, status = opened()
if not collection then
  return status
end
local value, description = redis.call('HGET', KEYS[2], ARGV[3]), redis.call('HGET', KEYS[3], ARGV[3])
if value and description then
  description = described(description, #value)
  if not description then
    return CORRUPT
  end
elseif value or description or not is_whole() then
  return CORRUPT
end
is_read(collection, ARGV[2])
return { DONE, description, value }
