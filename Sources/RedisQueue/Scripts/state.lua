-- Says where a job is. Reads only.
--
-- KEYS[1] result   KEYS[2] lane
-- ARGV[1] entry   ARGV[2] group   ARGV[3] consumer that holds given-back jobs
--
-- Returns {"settled", outcome}, {"waiting"}, {"running"}, {"retrying"}, {"absent"}, or {"unseen"} when nothing was
-- ever submitted to the lane. The payload never leaves the server.
local outcome = redis.call('GET', KEYS[1])
if outcome then return { 'settled', outcome } end
if redis.call('EXISTS', KEYS[2]) == 0 then return { 'unseen' } end
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return { 'absent' } end
local pending = redis.pcall('XPENDING', KEYS[2], ARGV[2], ARGV[1], ARGV[1], 1)
if pending.err or #pending == 0 then return { 'waiting' } end
if pending[1][2] == ARGV[3] then return { 'retrying' } end
return { 'running' }
