-- Reads the descriptions of some records.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2…] keys of the records, of which some may be gone
-- returns  DONE, the keys that are there, and their descriptions; or another status
-- Why a script: size and content type are in two keys, and both are of the collection that is checked.

local collection, status = opened()
if not collection then
  return status
end
if not is_whole() then
  return CORRUPT
end
local keys, descriptions = {}, {}
for at = 2, #ARGV do
  local description = redis.call('HGET', KEYS[3], ARGV[at])
  if description then
    description = described(description, redis.call('HSTRLEN', KEYS[2], ARGV[at]))
    if not description then
      return CORRUPT
    end
    table.insert(keys, ARGV[at])
    table.insert(descriptions, description)
  end
end
return { DONE, keys, descriptions }
