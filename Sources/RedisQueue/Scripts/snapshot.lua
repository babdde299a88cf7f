-- The size of one queue. Reads only.
--
-- KEYS[1..3] lanes   KEYS[4] again   KEYS[5] due
-- ARGV[1] group   ARGV[2] consumer that holds given-back jobs
-- ARGV[3] "depth": the last two numbers are not looked for (XINFO STREAM touches two payloads of each lane), or "all"
--
-- Returns {entries, pending, pending at the consumer for given-back jobs, due, ever submitted, submit time of the
-- oldest waiting job in ms or -1}. Every given-back job is either due or takable, so
--   waiting = entries - pending + given back - due,   in flight = pending - given back.
local entries, pending, back, submitted, oldest = 0, 0, 0, 0, -1
local function older(id)
  local ms = tonumber(string.match(id, '^(%d+)%-'))
  if ms and (oldest < 0 or ms < oldest) then oldest = ms end
end
for i = 1, 3 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    entries = entries + redis.call('XLEN', KEYS[i])
    if ARGV[3] == 'all' then
      local info = redis.call('XINFO', 'STREAM', KEYS[i])
      for j = 1, #info, 2 do
        if info[j] == 'entries-added' then submitted = submitted + info[j + 1] end
      end
      local start = '-'
      for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[i])) do
        for j = 1, #group, 2 do
          if group[j] == 'last-delivered-id' then start = '(' .. group[j + 1] end
        end
      end
      local first = redis.call('XRANGE', KEYS[i], start, '+', 'COUNT', 1)
      if first[1] then older(first[1][1]) end
    end
    local summary = redis.pcall('XPENDING', KEYS[i], ARGV[1])
    if not summary.err and summary[1] > 0 then
      pending = pending + summary[1]
      for _, consumer in ipairs(summary[4]) do
        if consumer[1] == ARGV[2] then back = back + consumer[2] end
      end
    end
  end
end
local pointer = ARGV[3] == 'all' and redis.call('XRANGE', KEYS[4], '-', '+', 'COUNT', 1) or {}
if pointer[1] then older(string.match(pointer[1][2][2], ' (.+)$') or '') end
return { entries, pending, back, redis.call('ZCARD', KEYS[5]), submitted, oldest }
