-- Reads a value and, when the entry already expires, replaces its remaining lifetime.
-- KEYS[1]  wire key of the entry
-- ARGV[1]  new lifetime in whole milliseconds, >= 1
-- ARGV[2]  anything when the expiry is to be answered too
-- returns  nil when there is no entry; else the value; or value and expiry after the renewal, in milliseconds since the
--          Unix epoch (-1: never)
-- Why a script: GETEX would also put an expiry on an entry that has none, and in a MULTI a PEXPIRE XX
--               would renew a key of a foreign type before the error of its GET is seen.
-- Nothing that the server could still refuse comes after a write, which it would not undo: a PEXPIRETIME that is
-- forbidden fails before the PEXPIRE.
local value = redis.call('GET', KEYS[1])
if not value then
  return false
end
if not ARGV[2] then
  redis.call('PEXPIRE', KEYS[1], ARGV[1], 'XX')
  return value
end
local expires_at = redis.call('PEXPIRETIME', KEYS[1])
if expires_at ~= -1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
  expires_at = redis.call('PEXPIRETIME', KEYS[1])
end
return { value, expires_at }
