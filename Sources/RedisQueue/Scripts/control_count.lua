-- Adds to the counter of one minute in a day's string of 1,440 counters of 4 bytes each. A counter holds the count and
-- one, so that zero means that nobody looked at the minute.
--
-- KEYS[1] the day of one queue
-- ARGV[1] minute of the day   ARGV[2] amount   ARGV[3] seconds to keep the day
--
-- Returns the counter as it was.
local place = '#' .. ARGV[1]
local old = redis.call('BITFIELD', KEYS[1], 'GET', 'u32', place)[1]
local amount = tonumber(ARGV[2])
if old == 0 then amount = amount + 1 end
redis.call('BITFIELD', KEYS[1], 'OVERFLOW', 'SAT', 'INCRBY', 'u32', place, string.format('%d', amount))
redis.call('EXPIRE', KEYS[1], ARGV[3])
return old
