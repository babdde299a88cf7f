-- Runs commands if, and only if, a term is still the newest one.
--
-- KEYS[1] leader   KEYS[2..] every key of the commands
-- ARGV[1] epoch of the term   ARGV[2] its holder   ARGV[3..] for each command: number of its words, its words
--
-- Returns {1, reply of each command}, or {0, newest epoch, its holder} with nothing changed. A command that fails ends the
-- script with its error; those before it stay done.
-- An epoch that is equal with another holder is refused, too: a failover of Redis can forget the newest term.
local record = redis.call('HMGET', KEYS[1], 'epoch', 'holder', 'until')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then
  return { 0, tonumber(record[1]) or 0, record[2] or '' }
end
local ends = tonumber(record[3])
if ends then
  local time = redis.call('TIME')
  if ends <= time[1] * 1000 + math.floor(time[2] / 1000) then return { 0, tonumber(record[1]), '' } end
end
local replies = { 1 }
local at = 3
while ARGV[at] do
  local words = tonumber(ARGV[at])
  replies[#replies + 1] = redis.call(unpack(ARGV, at + 1, at + words))
  at = at + words + 1
end
return replies
