-- What both scripts of pages begin with, behind collection.lua: what is on the page, and whether there is more.
-- KEYS[1…4]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- ARGV[2]  age in milliseconds from which the time of the last access is moved, or nothing
-- ARGV[3]  most keys that are wanted
-- ARGV[4]  where to begin: '-', or '(' and the key before
-- returns  a status other than DONE, or goes on
-- Why a script: the id has to be checked in the step that reads.

-- Key and description in a member of the order; nil where somebody else wrote it.
local function parts(member)
  local key_end = string.find(member, '\0\0', 1, true)
  if not key_end then
    return nil
  end
  local key = string.sub(member, 1, key_end - 1)
  if string.find(key, '\0', 1, true) then
    key = string.gsub(key, '%z\1', '\0')
  end
  return key, string.sub(member, key_end + 2)
end

-- At most `limit` keys with their descriptions, from `start` on, which is '-', or '(' and the key before; and 1 when there
-- are more behind them, else 0. Nil where somebody else wrote among them.
local function page(limit, start)
  local keys, descriptions = {}, {}
  if limit == 0 then
    return keys, descriptions, 0
  end
  if start ~= '-' then
    start = '[' .. ordered(string.sub(start, 2)) .. '\0\1'
  end
  local members = redis.call('ZRANGE', KEYS[4], start, '+', 'BYLEX', 'LIMIT', 0, limit + 1)
  for i = 1, math.min(limit, #members) do
    keys[i], descriptions[i] = parts(members[i])
    if not keys[i] then
      return nil
    end
  end
  return keys, descriptions, #members > limit and 1 or 0
end

local collection, status = opened()
if not collection then
  return status
end
local _, is_whole = count()
if not is_whole then
  return CORRUPT
end
local keys, descriptions, has_more = page(tonumber(ARGV[3]), ARGV[4])
if not keys then
  return CORRUPT
end
