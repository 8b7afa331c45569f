-- Reads some records, until their values are large enough together.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  size in bytes that ends the page: no further record once the values have it together
-- ARGV[3…] keys of the records, of which some may be gone
-- returns  DONE, how many of the keys were looked for, those that are there, their descriptions, and their values; or
--          another status
-- Why a script: what is read depends on sizes that are read before, and all of it is of one moment.

local collection, status = opened()
if not collection then
  return status
end
if not is_whole() then
  return CORRUPT
end
local keys, descriptions, values, looked_for, bytes = {}, {}, {}, 0, 0
for at = 3, #ARGV do
  if bytes >= tonumber(ARGV[2]) then
    break
  end
  local value, description = redis.call('HGET', KEYS[2], ARGV[at]), redis.call('HGET', KEYS[3], ARGV[at])
  if description then
    description = value and described(description, #value)
    if not description then
      return CORRUPT
    end
    bytes = bytes + #value
    table.insert(keys, ARGV[at])
    table.insert(descriptions, description)
    table.insert(values, value)
  end
  looked_for = looked_for + 1
end
return { DONE, looked_for, keys, descriptions, values }
