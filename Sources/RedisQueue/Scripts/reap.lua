-- Gives back what a worker that is gone holds in one lane, a bounded number of jobs per call.
--
-- KEYS[1] lane   KEYS[2] again
-- ARGV[1] worker   ARGV[2] group   ARGV[3] consumer that holds given-back jobs   ARGV[4] class
-- ARGV[5] most jobs of this call   ARGV[6] what a crash adds to a delivery count; 0: the worker did not crash
-- ARGV[7] the mark of a trial in the delivery count, which is taken off
--
-- Returns {jobs given back, 1 if there may be more else 0}. The consumer is deleted in the call that finds nothing
-- more at it, never before. Safe to repeat and to run from several places at once.
-- A job that a worker died with before counts one more crash only if this worker was trying it by itself: those that
-- lay beside it are not to blame.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], '-', '+', ARGV[5], ARGV[1])
if pending.err then
  if string.find(pending.err, 'NOGROUP', 1, true) then return { 0, 0 } end
  return pending
end
local crash, mark = tonumber(ARGV[6]), tonumber(ARGV[7])
local count = 0
for _, item in ipairs(pending) do
  local history = item[4]
  local isTried = math.floor(history / mark) % 2 == 1
  if isTried then history = history - mark end
  if crash > 0 and (isTried or history < crash) then history = history + crash end
  local claimed = redis.call(
    'XCLAIM', KEYS[1], ARGV[2], ARGV[3], 0, item[1], 'RETRYCOUNT', history, 'JUSTID')
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
