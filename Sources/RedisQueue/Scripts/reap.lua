-- Gives back what a worker that is gone holds in one lane, a bounded number of jobs per call.
--
-- KEYS[1] lane   KEYS[2] again
-- ARGV[1] worker   ARGV[2] group   ARGV[3] consumer that holds given-back jobs   ARGV[4] class
-- ARGV[5] most jobs of this call   ARGV[6] what to add to each delivery count
--
-- Returns {jobs given back, 1 if there may be more else 0}. The consumer is deleted in the call that finds nothing
-- more at it, never before. Safe to repeat and to run from several places at once.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], '-', '+', ARGV[5], ARGV[1])
if pending.err then
  if string.find(pending.err, 'NOGROUP', 1, true) then return { 0, 0 } end
  return pending
end
local count = 0
for _, item in ipairs(pending) do
  local claimed = redis.call(
    'XCLAIM', KEYS[1], ARGV[2], ARGV[3], 0, item[1], 'RETRYCOUNT', item[4] + ARGV[6], 'JUSTID')
  if claimed[1] then
    redis.call('XADD', KEYS[2], '*', 'p', ARGV[4] .. ' ' .. item[1])
    count = count + 1
  else
    redis.call('XACK', KEYS[1], ARGV[2], item[1])
  end
end
if #pending == tonumber(ARGV[5]) then return { count, 1 } end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[2], ARGV[1])
return { count, 0 }
