-- Reads a part of the keys of a collection with their descriptions, in byte order.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1…4]  as in page.lua, behind which it stands
-- returns  DONE, 1 when there are more keys behind these, else 0, the keys, and their descriptions; or another status
-- Why a script: the id has to be checked in the step that reads.
is_read(collection, ARGV[2])
return { DONE, has_more, keys, descriptions }
