-- Replaces the remaining lifetime of a lock, for the owner that holds it.
-- KEYS[1]  wire key of the lock
-- ARGV[1]  owner, with a separator behind it
-- ARGV[2]  lifetime in whole milliseconds, >= 1
-- returns  1 when it was extended; 0 when this owner does not hold it, and nothing has changed
-- Why a script: no command changes the expiry of a key by its value, and between two the lock could get another owner.
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
