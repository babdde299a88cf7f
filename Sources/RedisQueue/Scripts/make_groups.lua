-- Makes the streams and the group of a queue where they do not exist.
--
-- KEYS[1..] streams
-- ARGV[1] group
--
-- Returns the number of groups made. They begin at the first entry: what was submitted before is delivered too.
-- The first write is an XACK of nothing, which a full Redis does not refuse: otherwise a backlog that filled it could
-- not be taken by the first worker.
local count = 0
for _, key in ipairs(KEYS) do
  redis.call('XACK', key, ARGV[1], '0-1')
  local made = redis.pcall('XGROUP', 'CREATE', key, ARGV[1], '0', 'MKSTREAM')
  if not made.err then
    count = count + 1
  elseif not string.find(made.err, 'BUSYGROUP', 1, true) then
    return made
  end
end
return count
