-- The short way of `set`: a record that is there gets another value of the same size and type.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1…4]  as in set.lua
-- returns  as set.lua
-- Why a script: as there.
-- All four keys are read or written in a way that fails where they are of a foreign type, and the value comes first of
-- what is written: where the server has no memory, no disk or too few replicas, it is refused with nothing done.
local accessed_at, modified_at = times_of_opened()
if accessed_at then
  local description = #ARGV[4] .. ' ' .. ARGV[3]
  if redis.call('HGET', KEYS[3], ARGV[2]) == description
    and redis.call('ZSCORE', KEYS[4], ARGV[2] .. '\0\0' .. description) then
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    if now >= math.max(accessed_at, modified_at) then
      local now = string.format('%.0f', now)
      redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
      redis.call('HSET', KEYS[1], 'accessed_at', now, 'modified_at', now)
      return 0
    end
  end
end
