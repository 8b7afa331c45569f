-- Opens a collection that has to be there.
-- KEYS[1…6]  as in collection.lua
-- ARGV[1]  id of the collection
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- returns  DONE, and the name or nil; or another status
-- Why a script: the id may lead to a collection that was dropped by half, or to its successor, so it is compared. Then
--               it is made to lead nowhere, in the same step: Crawlee writes it together with the metadata, so that
--               nobody is about to write that. A server that takes no writes now still answers, hence pcall.

local collection, status = opened()
if status == DROPPED and redis.call('HGET', KEYS[5], ARGV[1]) == TEXT then
  redis.pcall('HDEL', KEYS[5], ARGV[1])
end
if not collection then
  return status
end
is_read(collection, ARGV[2])
return { DONE, collection.name }
