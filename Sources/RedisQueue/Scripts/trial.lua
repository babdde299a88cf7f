-- Marks a job as the only one that its worker runs, since workers have died with it in hand, or takes the mark off.
--
-- KEYS[1] lane   ARGV[1] worker   ARGV[2] group   ARGV[3] entry   ARGV[4] the mark in the delivery count
-- ARGV[5] "begin" or "end"
--
-- Returns 1, or 0 when this worker does not hold the job any more.
-- The first write is an XCLAIM, which a full Redis does not refuse.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], ARGV[3], ARGV[3], 1)
if pending.err or not pending[1] or pending[1][2] ~= ARGV[1] then return 0 end
local mark, count = tonumber(ARGV[4]), pending[1][4]
local isMarked = math.floor(count / mark) % 2 == 1
if isMarked == (ARGV[5] == 'begin') then return 1 end
if isMarked then count = count - mark else count = count + mark end
local claimed = redis.call('XCLAIM', KEYS[1], ARGV[2], ARGV[1], 0, ARGV[3], 'RETRYCOUNT', count, 'JUSTID')
return claimed[1] and 1 or 0
