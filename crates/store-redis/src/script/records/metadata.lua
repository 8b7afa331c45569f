-- Reads what is known about a collection. It moves no time.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  DONE and the times of creation, last access and last write as decimal text; or another status
-- Why a script: HMGET cannot tell a collection that is gone from a hash that is none.
local collection, status = opened()
if not collection then
  return status
end
return { DONE, to_text(collection.created_at), to_text(collection.accessed_at), to_text(collection.modified_at) }
