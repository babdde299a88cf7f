-- Gives jobs of one lane back: they stay pending, at the consumer for given-back jobs, and get a pointer in
-- `again` (takable at once) or in `due` (takable after a delay).
--
-- KEYS[1] lane   KEYS[2] again   KEYS[3] due
-- ARGV[1] worker   ARGV[2] group   ARGV[3] consumer that holds given-back jobs   ARGV[4] class
-- ARGV[5] delay, ms; 0: at once   ARGV[6] what to add to the delivery count   ARGV[7] the mark of a trial in it, which
-- is taken off   ARGV[8..] entries
--
-- Returns the number of jobs given back; what this worker does not hold (any more) is left alone.
-- The first write is an XCLAIM, which a full Redis does not refuse.
local due
if ARGV[5] ~= '0' then
  local time = redis.call('TIME')
  due = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[5]
end
local mark = tonumber(ARGV[7])
local count = 0
for i = 8, #ARGV do
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], ARGV[i], ARGV[i], 1)
  if not pending.err and pending[1] and pending[1][2] == ARGV[1] then
    local history = pending[1][4]
    if math.floor(history / mark) % 2 == 1 then history = history - mark end
    local claimed = redis.call(
      'XCLAIM', KEYS[1], ARGV[2], ARGV[3], 0, ARGV[i], 'RETRYCOUNT', history + ARGV[6], 'JUSTID')
    if claimed[1] then
      local pointer = ARGV[4] .. ' ' .. ARGV[i]
      if due then
        redis.call('ZADD', KEYS[3], string.format('%.0f', due), pointer)
      else
        redis.call('XADD', KEYS[2], '*', 'p', pointer)
      end
      count = count + 1
    else
      redis.call('XACK', KEYS[1], ARGV[2], ARGV[i])
    end
  end
end
return count
