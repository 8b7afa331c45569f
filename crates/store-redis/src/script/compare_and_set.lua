-- Replaces a value and its expiry when the stored value is exactly the expected one.
-- KEYS[1]  wire key of the entry
-- ARGV[1]  expected value
-- ARGV[2]  new value
-- ARGV[3…] expiry as SET takes it: nothing (never), 'PX' milliseconds, 'PXAT' milliseconds since the Unix epoch,
--          or 'KEEPTTL'
-- returns  1 when it was replaced; 0 when there is no entry or another value, and nothing has changed
-- Why a script: the servers that are supported have no SET with a condition on the value, and a WATCH would need
--               a connection of its own and a second round trip.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], unpack(ARGV, 3))
return 1
