-- Puts pointers that a worker read from `again` and did not turn into jobs back at its end.
--
-- KEYS[1] again
-- ARGV[1] worker   ARGV[2] group   ARGV[3] most pointers of this call
-- ARGV[4] least time since they were read, ms   ARGV[5] "gone" when the worker is gone, else "alive"
--
-- Returns {pointers put back, 1 if there may be more else 0}. The consumer of a worker that is gone is deleted in
-- the call that finds nothing more at it.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], 'IDLE', ARGV[4], '-', '+', ARGV[3], ARGV[1])
if pending.err then
  if string.find(pending.err, 'NOGROUP', 1, true) then return { 0, 0 } end
  return pending
end
for _, item in ipairs(pending) do
  local found = redis.call('XRANGE', KEYS[1], item[1], item[1])
  redis.call('XACK', KEYS[1], ARGV[2], item[1])
  redis.call('XDEL', KEYS[1], item[1])
  if found[1] then redis.call('XADD', KEYS[1], '*', unpack(found[1][2])) end
end
if #pending == tonumber(ARGV[3]) then return { #pending, 1 } end
if ARGV[5] == 'gone' then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[2], ARGV[1]) end
return { #pending, 0 }
