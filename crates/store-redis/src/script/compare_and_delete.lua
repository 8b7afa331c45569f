-- Removes an entry when the stored value is exactly the expected one.
-- KEYS[1]  wire key of the entry
-- ARGV[1]  expected value
-- returns  1 when it was removed; 0 when there is no entry or another value
-- Why a script: no command removes a key by its value, and a WATCH would need a connection of its own and a second
--               round trip.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('UNLINK', KEYS[1])
