-- Enters a process among those of its cluster, or renews its place, unless they serve other models.
--
-- KEYS[1] cluster   KEYS[2] members of the revision   KEYS[3] models of the revision
-- ARGV[1] member   ARGV[2] life of its place, ms   ARGV[3] identity for a cluster that has none
-- ARGV[4] "whole": it knows every model of the cluster, or "part"   ARGV[5] "shared", or "sole": nobody else can be there
-- ARGV[6..] pairs: queue, digest of its files; "" where they were not read, which agrees with any
--
-- Returns {1, identity}, or {0, identity, end of the newest place of another in ms, then for each difference: queue, "1" if
-- the others have it else "0", their digest, "1" if it is here else "0", the digest here}.
-- What members that are gone have left does not count. The first write is a ZREMRANGEBYSCORE, which a full Redis does not
-- refuse.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now))
if ARGV[5] == 'sole' then redis.call('DEL', KEYS[2]) end
redis.call('HSETNX', KEYS[1], 'identity', ARGV[3])
redis.call('HSETNX', KEYS[1], 'born', string.format('%.0f', now))
local identity = redis.call('HGET', KEYS[1], 'identity')
local others = redis.call('ZCARD', KEYS[2])
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then others = others - 1 end
if others == 0 then redis.call('DEL', KEYS[3]) end
local record, isWhole = {}, false
local fields = redis.call('HGETALL', KEYS[3])
for i = 1, #fields, 2 do
  if fields[i] == '*' then isWhole = true else record[fields[i]] = fields[i + 1] end
end
local newest = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')[2] or '0'
local mine, answer = {}, { 0, identity, newest }
local function differs(queue, there, here)
  for _, word in ipairs({ queue, there and '1' or '0', there or '', here and '1' or '0', here or '' }) do
    answer[#answer + 1] = word
  end
end
-- A worker may know more: the file that it reads may have been changed since the others did, and nobody submits to it.
local comparesAll = isWhole and ARGV[4] == 'whole'
for i = 6, #ARGV, 2 do
  local queue, digest = ARGV[i], ARGV[i + 1]
  mine[queue] = true
  local known = record[queue]
  local agrees = known == digest or known == '' or digest == ''
  if known and not agrees or not known and comparesAll then differs(queue, known, digest) end
end
for queue, digest in pairs(record) do
  if comparesAll and not mine[queue] then differs(queue, digest, nil) end
end
if #answer > 3 then return answer end
for i = 6, #ARGV, 2 do
  local known = record[ARGV[i]]
  local isNews = not known and (ARGV[4] == 'whole' or not isWhole)
  if isNews or known and ARGV[i + 1] ~= '' then redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
end
if ARGV[4] == 'whole' then
  redis.call('HSET', KEYS[3], '*', '')
  for queue in pairs(record) do
    if not mine[queue] then redis.call('HDEL', KEYS[3], queue) end
  end
end
redis.call('ZADD', KEYS[2], string.format('%.0f', now + ARGV[2]), ARGV[1])
-- Longer than a place, so that one who comes back from a pause finds what it was.
redis.call('PEXPIRE', KEYS[2], ARGV[2] * 2)
redis.call('PEXPIRE', KEYS[3], ARGV[2] * 2)
return { 1, identity }
