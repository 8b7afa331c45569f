-- What the short ways of `get` and `set` begin with, ahead of everything else.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  as in opened.lua
-- returns  nothing by itself
-- Why a script: as in collection.lua. What is not as it nearly always is goes the whole way, which begins behind the short
--               one; most of what that costs the server is functions and checks that only it has use for.

-- The times of the last access and the last write, where this is the collection that was opened and its times are clearly
-- times: whoever has more digits may be behind the end of the calendar, which the whole way knows.
local function times_of_opened()
  local id, created_at, accessed_at, modified_at =
    unpack(redis.call('HMGET', KEYS[1], 'id', 'created_at', 'accessed_at', 'modified_at'))
  if id ~= ARGV[1] or not (created_at and accessed_at and modified_at) then
    return
  end
  if string.find(created_at .. ' ' .. accessed_at .. ' ' .. modified_at, '^%d+ %d+ %d+$')
    and math.max(#created_at, #accessed_at, #modified_at) < 15 then
    return tonumber(accessed_at), tonumber(modified_at)
  end
end
