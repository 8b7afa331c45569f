-- Opens the collection of a text, creates it when there is none, and repairs what others have left of it.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of a collection that is created
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  its name, or nothing where the text is none
-- ARGV[4]  1 to refuse a collection whose text is a name where this one is none, or the reverse; else 0
-- returns  DONE, the id, and the name or nil; or another status
-- Why a script: Crawlee creates a collection in two steps, and whoever dies between them leaves a text under which it
--               waits in vain from then on. One step leaves nothing half done.
-- Records without metadata stay: they are of clients that took the collection of a creator who died for complete.
-- Nothing that the server could still refuse comes after a write.
local collection, status = found()
if status == CORRUPT then
  return CORRUPT
end
local name = ARGV[3] ~= '' and ARGV[3]
if collection and ARGV[4] == '1' and collection.name ~= name then
  return TAKEN
end
check_types()
local claim = redis.call('HGET', KEYS[6], TEXT)
if collection then
  is_read(collection, ARGV[2])
else
  -- Whoever has claimed the text may be about to write the metadata still, and will do so with the id of the claim.
  local id = claim and string.find(claim, '^[0-9A-Za-z]+$') and claim or ARGV[1]
  local now = spelled(now())
  collection = { id = id, name = name }
  redis.call('JSON.SET', KEYS[1], '$', string.format(
    '{"id":"%s","name":%s,"accessed_at":"%s","created_at":"%s","modified_at":"%s"}',
    id, name and quoted(name) or 'null', now, now, now))
end
if redis.call('HGET', KEYS[5], collection.id) ~= TEXT then
  redis.call('HSET', KEYS[5], collection.id, TEXT)
end
if claim ~= collection.id then
  redis.call('HSET', KEYS[6], TEXT, collection.id)
end
-- Crawlee takes the element out and puts it back. One too many, after a repair in between, does no harm.
if redis.call('LLEN', KEYS[4]) == 0 then
  redis.call('LPUSH', KEYS[4], 1)
end
return { DONE, collection.id, collection.name }
