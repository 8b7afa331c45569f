-- Reads a value and, when the entry already expires, replaces its remaining lifetime.
-- KEYS[1]  wire key of the entry
-- ARGV[1]  new lifetime in whole milliseconds, >= 1
-- returns  nil when there is no entry; else the value, and the expiry after the renewal
--          in milliseconds since the Unix epoch (-1: never)
-- Why a script: GETEX would also put an expiry on an entry that has none, and in a MULTI a PEXPIRE XX
--               would renew a key of a foreign type before the error of its GET is seen.
local value = redis.call('GET', KEYS[1])
if not value then
  return false
end
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'XX')
return { value, redis.call('PEXPIRETIME', KEYS[1]) }
