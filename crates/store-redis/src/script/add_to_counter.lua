-- Adds to a counter; one that is created gets an absolute expiry.
-- KEYS[1]  wire key of the entry
-- ARGV[1]  delta, a decimal integer within i64
-- ARGV[2]  expiry of a counter that is created, in milliseconds since the Unix epoch
-- returns  the sum as decimal text: as a number it would be rounded to 53 bits
-- Why a script: after SET NX PXAT with a time already past there is no entry, so an INCRBY behind it would create
--               one that never expires.
local existed = redis.call('EXISTS', KEYS[1])
redis.call('INCRBY', KEYS[1], ARGV[1])
local sum = redis.call('GET', KEYS[1])
if existed == 0 then
  redis.call('PEXPIREAT', KEYS[1], ARGV[2])
end
return sum
