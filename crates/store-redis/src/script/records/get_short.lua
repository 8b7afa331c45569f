-- The short way of `get`: of a read that has no time to move.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1…3]  as in get.lua
-- returns  as get.lua, without its last
-- Why a script: as there.
if ARGV[2] == '' and times_of_opened() then
  local value, description = redis.call('HGET', KEYS[2], ARGV[3]), redis.call('HGET', KEYS[3], ARGV[3])
  if value and description then
    return { 0, description, value }
  end
end
