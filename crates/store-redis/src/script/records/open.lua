-- Opens the collection of a name, and creates it when there is none.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of a collection that is created
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- returns  DONE, the id, and 1 when that leads to the collection already, else 0; or CORRUPT
-- Why a script: of concurrent openers one has to create, and all have to get its id.
-- Records without metadata are those of a collection whose metadata was evicted: they go before the new one has any.
-- Nothing that the server could still refuse comes after a write: what has no memory for HSET fails there, and whoever
-- may write hashes is taken to have the right to UNLINK.
local collection, status = found()
if status == CORRUPT then
  return CORRUPT
end
if collection then
  is_read(collection, ARGV[2])
  return { DONE, collection.id, collection.by_id and 1 or 0 }
end
local left_behind, is_whole = count()
local now = to_text(now())
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'created_at', now, 'accessed_at', now, 'modified_at', now)
if left_behind > 0 or not is_whole then
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4])
end
return { DONE, ARGV[1], 0 }
