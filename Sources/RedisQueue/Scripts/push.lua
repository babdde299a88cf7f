-- Pushes frames to the list of the gateway whose callers wait for them, but for those whose outcome is stored already: of
-- several settles of a job only the one that stores its outcome pushes one. Runs in the transaction that stores the
-- outcomes, before it does.
--
-- KEYS[1] reply list   KEYS[2..] the result of each frame
-- ARGV[1] life of the list, ms   ARGV[2] most frames of the list   ARGV[3..] frames
--
-- Returns how many were pushed.
local pushed = 0
for i = 2, #KEYS do
  if redis.call('EXISTS', KEYS[i]) == 0 then
    redis.call('RPUSH', KEYS[1], ARGV[i + 1])
    pushed = pushed + 1
  end
end
if pushed > 0 then
  redis.call('LTRIM', KEYS[1], -ARGV[2], -1)
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return pushed
