-- Frees a lock, for the owner that holds it.
-- KEYS[1]  wire key of the lock
-- ARGV[1]  owner, with a separator behind it
-- returns  1 when it was freed; 0 when this owner does not hold it, and nothing has changed
-- Why a script: no command removes a key by the beginning of its value, and between two the lock could get another
--               owner.
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
  return 0
end
return redis.call('UNLINK', KEYS[1])
