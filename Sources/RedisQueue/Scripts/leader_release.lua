-- Gives back the lease of leadership. The epoch stays.
--
-- KEYS[1] leader
-- ARGV[1] holder   ARGV[2] epoch
--
-- Returns 1, or 0 when it was not this holder's any more.
local record = redis.call('HMGET', KEYS[1], 'holder', 'epoch')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
-- First an HDEL, which a full Redis does not refuse.
redis.call('HDEL', KEYS[1], 'until', 'seen')
redis.call('HSET', KEYS[1], 'holder', '', 'until', '0')
return 1
