-- Gives a term whose lease something else keeps its epoch.
--
-- KEYS[1] leader
-- ARGV[1] authority: which lease, unique over its life   ARGV[2] its number for the term   ARGV[3] holder
-- ARGV[4] greatest epoch that the holder has seen   ARGV[5] epoch that the term got before; "" at first
--
-- Returns {1, epoch}, the same when it is called again for the term and the record still knows it; a greater one when it
-- was forgotten; or {0, epoch} when a later term has registered. The first write is an HDEL, which a full Redis does not refuse.
local record = redis.call('HMGET', KEYS[1], 'authority', 'term', 'holder', 'epoch')
local epoch = tonumber(record[4]) or 0
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Says that it leads now, to those who cannot read its lease.
local function see()
  redis.call('HDEL', KEYS[1], '')
  redis.call('HSET', KEYS[1], 'seen', string.format('%.0f', now))
end
if record[1] == ARGV[1] then
  local term = tonumber(record[2]) or 0
  if term > tonumber(ARGV[2]) then return { 0, epoch } end
  if term == tonumber(ARGV[2]) then
    if record[3] == ARGV[3] then
      see()
      return { 1, epoch }
    end
    return { 0, epoch }
  end
end
-- A lease that was deleted and made again is another authority: its term came later if its epoch did. So did one that
-- Redis itself keeps, until that ends.
local own = tonumber(ARGV[5])
if own and epoch > own and record[1] ~= ARGV[1] then
  local ends = tonumber(redis.call('HGET', KEYS[1], 'until')) or 0
  if record[1] or ends > now then return { 0, epoch } end
end
epoch = math.max(epoch, tonumber(ARGV[4])) + 1
redis.call('HDEL', KEYS[1], 'until')
redis.call('HSET', KEYS[1], 'authority', ARGV[1], 'term', ARGV[2], 'holder', ARGV[3],
  'epoch', string.format('%.0f', epoch))
see()
return { 1, epoch }
