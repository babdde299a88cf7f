-- Makes jobs whose time has come takable, a bounded number per call.
--
-- KEYS[1] due   KEYS[2] again
-- ARGV[1] most jobs of this call
--
-- Returns {jobs made takable, ms until the next is due or -1}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local pointers = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now), 'LIMIT', 0, ARGV[1])
for _, pointer in ipairs(pointers) do
  redis.call('ZREM', KEYS[1], pointer)
  redis.call('XADD', KEYS[2], '*', 'p', pointer)
end
local next = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return { #pointers, next[2] and math.max(0, tonumber(next[2]) - now) or -1 }
