-- Gives back what a worker that is gone holds in one lane, a bounded number of jobs per call.
--
-- KEYS[1] lane   KEYS[2] again
-- ARGV[1] worker   ARGV[2] group   ARGV[3] consumer that holds given-back jobs   ARGV[4] class
-- ARGV[5] most jobs of this call   ARGV[6] what a crash adds to a delivery count; 0: the worker did not crash
-- ARGV[7] the mark of a trial in the delivery count, which is taken off
-- ARGV[8] entry of the job that the death is the fault of, or ""   ARGV[9] "all": any other may have been it, or "listed"
-- ARGV[10..] entries of those that may have been it
--
-- Returns {jobs given back, 1 if there may be more else 0, 1 if the guilty one was among them else 0}. The consumer is deleted in the call that finds nothing
-- more at it, never before. Safe to repeat and to run from several places at once.
-- The first crash of a job says that it may have been it; each further one that it was, for it ran alone (see Blame).
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], '-', '+', ARGV[5], ARGV[1])
if pending.err then
  if string.find(pending.err, 'NOGROUP', 1, true) then return { 0, 0, 0 } end
  return pending
end
local crash, mark = tonumber(ARGV[6]), tonumber(ARGV[7])
local listed = {}
for i = 10, #ARGV do listed[ARGV[i]] = true end
local count, found = 0, 0
for _, item in ipairs(pending) do
  local history = item[4]
  if math.floor(history / mark) % 2 == 1 then history = history - mark end
  if crash > 0 then
    local isGuilty = item[1] == ARGV[8]
    if history < crash and (isGuilty or ARGV[9] == 'all' or listed[item[1]]) then history = history + crash end
    if isGuilty then history = history + crash end
  end
  local claimed = redis.call(
    'XCLAIM', KEYS[1], ARGV[2], ARGV[3], 0, item[1], 'RETRYCOUNT', history, 'JUSTID')
  if claimed[1] then
    redis.call('XADD', KEYS[2], '*', 'p', ARGV[4] .. ' ' .. item[1])
    count = count + 1
    if item[1] == ARGV[8] then found = 1 end
  else
    redis.call('XACK', KEYS[1], ARGV[2], item[1])
  end
end
if #pending == tonumber(ARGV[5]) then return { count, 1, found } end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[2], ARGV[1])
return { count, 0, found }
