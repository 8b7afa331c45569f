-- Acquires a lock that is free, or again for the owner that holds it.
-- KEYS[1]  wire key of the lock: what ARGV[1] was when it was acquired, then the fencing token
-- KEYS[2]  wire key of the last fencing token of the root
-- ARGV[1]  owner, with a separator behind it
-- ARGV[2]  lifetime in whole milliseconds, >= 1
-- returns  the fencing token as decimal text; nil when another owner holds the lock, and nothing has changed
-- Why a script: the token has to be taken in the step that takes the lock, and by the winner alone.
-- The token is the one after the last, and no less than the server's time in microseconds: a server that does not know
-- the last ones, because it was not yet told or has lost them, then still goes on above them. Numbers are exact up to
-- 2^53, which is the year 2255.
-- Nothing that the server could still refuse comes after a write, which it would not undo.
local held = redis.call('GET', KEYS[1])
if held then
  if string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
    return false
  end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return string.sub(held, #ARGV[1] + 1)
end
local last = redis.call('GET', KEYS[2]) or 0
local time = redis.call('TIME')
local token = string.format('%.0f', math.max(last + 1, time[1] * 1000000 + time[2]))
redis.call('SET', KEYS[2], token)
redis.call('SET', KEYS[1], ARGV[1] .. token, 'PX', ARGV[2])
return token
