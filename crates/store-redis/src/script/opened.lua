-- What every script of collections begins with, in each layout: the statuses, whether the collection is the one that was
-- opened, and when a read moves its time. Behind it comes the collection.lua of the layout, which tells the keys.
-- KEYS[1…]  as in collection.lua
-- ARGV[1]  id of the collection that was opened
-- returns  a status, or an array that begins with one: DONE and what follows, or one of the others alone
-- Why a script: the id has to be checked in the step that does something to the collection, or a handle on a collection
--               that was dropped meanwhile would write into its successor.
-- Times are the server's, and never go back.
-- A key of a foreign type is found by reading it, before anything is written.
-- What is said of writes that follow each other takes for granted that the user has all rights that are asked for.
local DONE, DROPPED, CORRUPT, TAKEN = 0, 1, 2, 3

-- Declared here and set by the layout: the collection that has this name, whichever it is, or nil and the status that says
-- so; the time, how much of it is a millisecond, and the command that sets a time of a collection.
local found, now, MILLI, setting

-- The collection that was opened; when it is not there any more nil, and the status that says so.
local function opened()
  local collection, status = found()
  if collection and collection.id ~= ARGV[1] then
    return nil, DROPPED
  end
  return collection, status
end

-- Moves the time of the last access when it is `tolerance` milliseconds old; never where that is no number. Answers for
-- how many milliseconds no read will have to move it.
-- A server that takes no writes now (no memory, no disk, too few replicas) still answers reads, hence pcall.
local function is_read(collection, tolerance)
  if not tonumber(tolerance) then
    return 0
  end
  local now, age = now(), 0
  if now > collection.accessed_at then
    age = now - collection.accessed_at
    if age >= tolerance * MILLI then
      redis.pcall(setting(collection, 'accessed_at', now))
      -- Whether it was moved the next one finds.
      return 0
    end
  end
  return math.floor(tolerance - age / MILLI)
end
