-- Says where a job is. Reads only, and of an entry only one that nobody has taken: the small part of a large job.
--
-- KEYS[1] result   KEYS[2] lane
-- ARGV[1] entry   ARGV[2] group   ARGV[3] consumer that holds given-back jobs
--
-- Returns {"settled", bytes of the outcome}, {"waiting"}, {"running"}, {"retrying"}, {"absent"}, or {"unseen"} when nothing
-- was ever submitted to the lane. Neither payload nor outcome passes through here: Lua copies what it reads.
local size = redis.call('STRLEN', KEYS[1])
if size > 0 then return { 'settled', size } end
if redis.call('EXISTS', KEYS[2]) == 0 then return { 'unseen' } end
local pending = redis.pcall('XPENDING', KEYS[2], ARGV[2], ARGV[1], ARGV[1], 1)
if not pending.err and pending[1] then return { pending[1][2] == ARGV[3] and 'retrying' or 'running' } end
if #redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1]) == 0 then return { 'absent' } end
return { 'waiting' }
