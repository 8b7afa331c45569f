-- Reads what is known about a collection. It moves no time.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE and the times of creation, last access and last write, in whole milliseconds since the Unix epoch as
--          decimal text, 0 for times before it; or another status
-- Why a script: the document is read in one place, whoever wrote it.

local collection, status = opened()
if not collection then
  return status
end
local function millis(time)
  return string.format('%.0f', math.max(math.floor(time / MILLI), 0))
end
return { DONE, millis(collection.created_at), millis(collection.accessed_at), millis(collection.modified_at) }
