-- Turns pointers that a worker has read from `again` into jobs in its hands.
--
-- KEYS[1] again   KEYS[2..4] lanes high, normal, low
-- ARGV[1] worker   ARGV[2] group   ARGV[3] consumer that holds given-back jobs
-- ARGV[4..] three per pointer: id of the pointer, index of the lane in KEYS, entry
--
-- Returns {lane index, entry, delivery count, fields} per job. A pointer whose job is no longer given back
-- (cancelled, settled, or claimed through another pointer) yields nothing; every pointer is removed.
local jobs = {}
for i = 4, #ARGV, 3 do
  local lane, entry = KEYS[tonumber(ARGV[i + 1])], ARGV[i + 2]
  local pending = redis.pcall('XPENDING', lane, ARGV[2], entry, entry, 1)
  if not pending.err and pending[1] and pending[1][2] == ARGV[3] then
    local count = pending[1][4]
    local claimed = redis.call('XCLAIM', lane, ARGV[2], ARGV[1], 0, entry, 'RETRYCOUNT', count)
    if claimed[1] then
      jobs[#jobs + 1] = { tonumber(ARGV[i + 1]), entry, count, claimed[1][2] }
    else
      redis.call('XACK', lane, ARGV[2], entry)
    end
  end
  redis.call('XACK', KEYS[1], ARGV[2], ARGV[i])
  redis.call('XDEL', KEYS[1], ARGV[i])
end
return jobs
