-- Settles one job while Redis is above its memory limit and refuses the settling transaction.
--
-- KEYS[1] result   KEYS[2] lane   KEYS[3] reply list of the waiting gateway   KEYS[4] due   KEYS[5] deadlines   KEYS[6] body of a large job
-- ARGV[1] entry   ARGV[2] encoded outcome   ARGV[3] its life, ms   ARGV[4] group
-- ARGV[5] channel of settled jobs   ARGV[6] the notice   ARGV[7] life of the reply list, ms; empty: nobody waits
-- ARGV[8] the pointer   ARGV[9] "body" when there is one   ARGV[10] the frame for the reply list
--
-- Returns 1 if the outcome was stored, 0 if one was stored before.
-- Removing the entry comes first: it frees memory, and Redis checks its limit only at a script's first write. A
-- script takes effect as a whole, so the outcome is never missing.
redis.call('XACK', KEYS[2], ARGV[4], ARGV[1])
redis.call('XDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[8])
redis.call('ZREM', KEYS[5], ARGV[8])
if ARGV[9] ~= '' then redis.call('UNLINK', KEYS[6]) end
local stored = redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3], 'NX')
if not stored then return 0 end
if ARGV[7] ~= '' then
  redis.call('RPUSH', KEYS[3], ARGV[10])
  redis.call('PEXPIRE', KEYS[3], ARGV[7])
end
redis.call('PUBLISH', ARGV[5], ARGV[6])
return 1
