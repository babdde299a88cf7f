-- Writes fields of a hash, also while Redis is full: what a role must note to start is small, and only roles drain Redis.
--
-- KEYS[1] hash
-- ARGV[1] "all", or "new": a field that is there stays as it is   ARGV[2..] pairs: field, value
--
-- Returns how many fields are new. The first write is an HDEL, which a full Redis does not refuse.
redis.call('HDEL', KEYS[1], '')
local command, count = ARGV[1] == 'new' and 'HSETNX' or 'HSET', 0
for i = 2, #ARGV, 2 do count = count + redis.call(command, KEYS[1], ARGV[i], ARGV[i + 1]) end
return count
