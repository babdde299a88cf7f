-- Ends a job with an outcome, cancelled or expired, unless it is settled already.
--
-- KEYS[1] result   KEYS[2] lane   KEYS[3] again   KEYS[4] due   KEYS[5] reply list of the waiting gateway
-- KEYS[6] deadlines   KEYS[7] body of a large job
-- ARGV[1] class   ARGV[2] entry   ARGV[3] encoded outcome   ARGV[4] its life, ms
-- ARGV[5] group   ARGV[6] consumer that holds given-back jobs
-- ARGV[7] prefix of the sets of cancelled jobs, one per worker (same hash tag)   ARGV[8] life of such a set, ms
-- ARGV[9] channel of cancellations   ARGV[10] channel of settled jobs
-- ARGV[11] life of the reply list, ms; empty when nobody waits   ARGV[12] "body" when there is one
-- ARGV[13] "any", or "waiting": not one that is in a worker's hands
--
-- Returns {"cancelled"}, {"settled"}, {"absent"} or {"running"}.
-- The entry goes at once, also under a running worker: whatever that worker does with the job later finds no entry
-- and an outcome that is already stored. The removal is the first write, so a full Redis does not refuse a cancel.
if redis.call('EXISTS', KEYS[1]) == 1 then return { 'settled' } end
local pointer = ARGV[1] .. ' ' .. ARGV[2]
local notice = ARGV[1] .. '.' .. ARGV[2]
local pending = redis.pcall('XPENDING', KEYS[2], ARGV[5], ARGV[2], ARGV[2], 1)
local holder = not pending.err and pending[1] and pending[1][2]
if ARGV[13] == 'waiting' and holder and holder ~= ARGV[6] then return { 'running' } end
if redis.call('XDEL', KEYS[2], ARGV[2]) == 0 then return { 'absent' } end
if ARGV[12] ~= '' then redis.call('UNLINK', KEYS[7]) end
redis.call('ZREM', KEYS[6], pointer)
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4], 'NX')
if holder then redis.call('XACK', KEYS[2], ARGV[5], ARGV[2]) end
if holder == ARGV[6] then
  -- A pointer further back than this is dropped by the worker that reads it.
  if redis.call('ZREM', KEYS[4], pointer) == 0 then
    for _, item in ipairs(redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1000)) do
      if item[2][2] == pointer then
        redis.pcall('XACK', KEYS[3], ARGV[5], item[1])
        redis.call('XDEL', KEYS[3], item[1])
      end
    end
  end
elseif holder then
  redis.call('SADD', ARGV[7] .. holder, notice)
  redis.call('PEXPIRE', ARGV[7] .. holder, ARGV[8])
  redis.call('PUBLISH', ARGV[9], notice)
end
if ARGV[11] ~= '' then
  redis.call('RPUSH', KEYS[5], ARGV[3])
  redis.call('PEXPIRE', KEYS[5], ARGV[11])
end
redis.call('PUBLISH', ARGV[10], notice)
return { 'cancelled' }
