-- Looks at jobs beyond their deadlines again later, but for those that are not in the index any more.
--
-- KEYS[1] deadlines   ARGV[1] when, ms   ARGV[2..] pointers
--
-- Returns how many. The first write is a ZREM, which a full Redis does not refuse.
local count = 0
for i = 2, #ARGV do
  if redis.call('ZREM', KEYS[1], ARGV[i]) == 1 then count = count + redis.call('ZADD', KEYS[1], ARGV[1], ARGV[i]) end
end
return count
