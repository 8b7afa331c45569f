-- Adds to a counter; one that is created gets an absolute expiry.
-- KEYS[1]  wire key of the entry
-- ARGV[1]  delta, a decimal integer within i64 in canonical form: it is the value of a counter that is created
-- ARGV[2]  expiry of a counter that is created, in milliseconds since the Unix epoch, >= 1
-- returns  the sum as decimal text: as a number it would be rounded to 53 bits
-- Why a script: after SET NX PXAT with a time already past there is no entry, so an INCRBY behind it would create
--               one that never expires.
-- Nothing that the server could still refuse comes after a write, which it would not undo.
if not redis.call('GET', KEYS[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[2])
  return ARGV[1]
end
redis.call('INCRBY', KEYS[1], ARGV[1])
return redis.call('GET', KEYS[1])
