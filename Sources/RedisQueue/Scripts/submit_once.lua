-- Submits a job under an idempotency key, or finds the job that was submitted under it.
--
-- KEYS[1] once record: "<class> <entry> <fingerprint>"
-- KEYS[2] lane of the new job
-- ARGV[1] fingerprint   ARGV[2] record's life, ms   ARGV[3] class   ARGV[4] encoded job
-- ARGV[5] prefix of the queue's result keys   ARGV[6] prefix of its lanes (same hash tag as KEYS)
--
-- Returns {"accepted", class, entry, entries in the lane} or {"existing" | "conflict", class, entry}.
-- A record whose job has neither an entry nor an outcome any more is replaced. The first write is the XADD, so a
-- full Redis refuses before anything has changed.
local record = redis.call('GET', KEYS[1])
if record then
  local class, entry, fingerprint = string.match(record, '^(%a+) (%d+%-%d+) (.*)$')
  if class then
    local known = redis.call('EXISTS', ARGV[5] .. class .. '.' .. entry) == 1
      or #redis.call('XRANGE', ARGV[6] .. class, entry, entry) > 0
    if known then
      -- The job may wait for longer than the record lives.
      redis.call('PEXPIRE', KEYS[1], ARGV[2])
      return { fingerprint == ARGV[1] and 'existing' or 'conflict', class, entry }
    end
  end
end
local entry = redis.call('XADD', KEYS[2], '*', 'j', ARGV[4])
redis.call('SET', KEYS[1], ARGV[3] .. ' ' .. entry .. ' ' .. ARGV[1], 'PX', ARGV[2])
return { 'accepted', ARGV[3], entry, redis.call('XLEN', KEYS[2]) }
