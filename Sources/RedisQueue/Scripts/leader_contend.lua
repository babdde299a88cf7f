-- Takes out or renews the lease of leadership.
--
-- KEYS[1] leader
-- ARGV[1] holder   ARGV[2] life, ms   ARGV[3] greatest epoch that the contender has seen
-- ARGV[4] "shared", or "sole": the lease of another is taken although it holds
--
-- Returns {1, epoch} or {0, epoch of the holder, ms until its lease ends unless renewed}.
-- The first write is an HDEL, which a full Redis does not refuse: without a leader nothing would drain it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local life = tonumber(ARGV[2])
local record = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'until')
local epoch = tonumber(record[2]) or 0
local ends = tonumber(record[3]) or 0
if ends > now and record[1] ~= ARGV[1] and ARGV[4] ~= 'sole' then
  -- The clock of the server was set back, or another server's is used after a failover: no lease is longer than its life.
  if ends > now + life then
    ends = now + life
    redis.call('HDEL', KEYS[1], '')
    redis.call('HSET', KEYS[1], 'until', string.format('%.0f', ends))
  end
  return { 0, epoch, ends - now }
end
if ends <= now or record[1] ~= ARGV[1] then epoch = math.max(epoch, tonumber(ARGV[3])) + 1 end
redis.call('HDEL', KEYS[1], 'authority', 'term', 'seen')
redis.call('HSET', KEYS[1], 'holder', ARGV[1], 'epoch', string.format('%.0f', epoch),
  'until', string.format('%.0f', now + life))
return { 1, epoch }
