-- Submits a job under an idempotency key, or finds the job that was submitted under it.
--
-- KEYS[1] once record: "<class> <entry> <fingerprint>"
-- KEYS[2] lane of the new job   KEYS[3] body of a large job, which was stored with a short life
-- ARGV[1] fingerprint   ARGV[2] record's life, ms   ARGV[3] class   ARGV[4] encoded job, of a
-- large one its head; empty: nothing is submitted
-- ARGV[5] prefix of the queue's result keys   ARGV[6] prefix of its lanes (same hash tag as KEYS)
-- ARGV[7] "join", or "rerun": a job that ended in another way than finished is replaced
-- ARGV[8] most jobs in the lanes for a new one to be accepted; empty: no bound
-- ARGV[9] what the entry says of the body; empty for a job that is in its entry
--
-- Returns {"accepted", class, entry, entries in the lane}, {"existing" | "conflict" | "underway", class, entry},
-- {"full", entries in the lanes}, {"lost"} when the body is not there, or, when nothing was to be submitted, {"absent"}.
-- A record whose job has neither an entry nor an outcome any more is replaced. The bound is looked at here, since a job that
-- is there is not refused for it. Nothing is written before the XADD, so a full Redis refuses before anything has changed.
local record = redis.call('GET', KEYS[1])
if record then
  local class, entry, fingerprint = string.match(record, '^(%a+) (%d+%-%d+) (.*)$')
  if class then
    -- The second byte of an outcome says how the job ended; 1 is finished.
    local ending = redis.call('GETRANGE', ARGV[5] .. class .. '.' .. entry, 1, 1)
    if ending ~= '' or #redis.call('XRANGE', ARGV[6] .. class, entry, entry) > 0 then
      local verdict = 'existing'
      if fingerprint ~= ARGV[1] then
        verdict = 'conflict'
      elseif ARGV[7] == 'rerun' and ending == '' then
        verdict = 'underway'
      elseif ARGV[7] == 'rerun' and ending ~= '\1' then
        verdict = nil
      end
      if verdict then
        -- The job may wait for longer than the record lives.
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        if ARGV[9] ~= '' then redis.call('UNLINK', KEYS[3]) end
        return { verdict, class, entry }
      end
    end
  end
end
if ARGV[8] ~= '' then
  local held = 0
  for _, class in ipairs({ 'high', 'normal', 'low' }) do held = held + redis.call('XLEN', ARGV[6] .. class) end
  if held >= tonumber(ARGV[8]) then
    if ARGV[9] ~= '' then redis.call('UNLINK', KEYS[3]) end
    return { 'full', held }
  end
end
if ARGV[4] == '' then return { 'absent' } end
local entry
if ARGV[9] == '' then
  entry = redis.call('XADD', KEYS[2], '*', 'j', ARGV[4])
else
  if redis.call('EXISTS', KEYS[3]) == 0 then return { 'lost' } end
  entry = redis.call('XADD', KEYS[2], '*', 'b', ARGV[9], 'h', ARGV[4])
  redis.call('PERSIST', KEYS[3])
end
redis.call('SET', KEYS[1], ARGV[3] .. ' ' .. entry .. ' ' .. ARGV[1], 'PX', ARGV[2])
return { 'accepted', ARGV[3], entry, redis.call('XLEN', KEYS[2]) }
