-- The size of one queue. Reads only.
--
-- KEYS[1..3] lanes   KEYS[4] again   KEYS[5] due
-- ARGV[1] group   ARGV[2] consumer that holds given-back jobs
-- ARGV[3] "depth": the last two numbers are not looked for (XINFO STREAM touches two payloads of each lane), or "all"
--
-- Returns {entries, pending, pending at the consumer for given-back jobs, due, ever submitted, submit time of the
-- oldest waiting job in ms or -1, then for each lane: entries not in a worker's hands (those due among them), submit time
-- of its oldest entry that was never delivered or -1}. Every given-back job is either due or takable, so
--   waiting = entries - pending + given back - due,   in flight = pending - given back.
local entries, pending, back, submitted, oldest = 0, 0, 0, 0, -1
local lanes = {}
local function older(id)
  local ms = tonumber(string.match(id, '^(%d+)%-'))
  if ms and (oldest < 0 or ms < oldest) then oldest = ms end
end
for i = 1, 3 do
  local free, undelivered = 0, -1
  if redis.call('EXISTS', KEYS[i]) == 1 then
    free = redis.call('XLEN', KEYS[i])
    entries = entries + free
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
      if first[1] then
        older(first[1][1])
        undelivered = tonumber(string.match(first[1][1], '^(%d+)%-')) or -1
      end
    end
    local summary = redis.pcall('XPENDING', KEYS[i], ARGV[1])
    if not summary.err and summary[1] > 0 then
      pending = pending + summary[1]
      free = free - summary[1]
      for _, consumer in ipairs(summary[4]) do
        if consumer[1] == ARGV[2] then
          back = back + consumer[2]
          free = free + consumer[2]
        end
      end
    end
  end
  lanes[#lanes + 1] = free
  lanes[#lanes + 1] = undelivered
end
local pointer = ARGV[3] == 'all' and redis.call('XRANGE', KEYS[4], '-', '+', 'COUNT', 1) or {}
if pointer[1] then older(string.match(pointer[1][2][2], ' (.+)$') or '') end
local result = { entries, pending, back, redis.call('ZCARD', KEYS[5]), submitted, oldest }
for i = 1, #lanes do result[#result + 1] = lanes[i] end
return result
