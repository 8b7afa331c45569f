-- Reads a part of the keys of a collection with their descriptions, in byte order.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  most keys that are wanted
-- ARGV[4]  where to begin: '-', or '(' and the key before
-- returns  DONE, 1 when there are more keys behind these, else 0, the keys, and their descriptions; or another status
-- Why a script: the id has to be checked in the step that reads.
local collection, status = opened()
if not collection then
  return status
end
local _, is_whole = count()
if not is_whole then
  return CORRUPT
end
local keys, descriptions, has_more = page(tonumber(ARGV[3]), ARGV[4])
if not keys then
  return CORRUPT
end
is_read(collection, ARGV[2])
return { DONE, has_more, keys, descriptions }
