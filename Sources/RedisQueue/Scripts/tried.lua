-- Says which job of one lane a worker has marked as the only one that it runs. Reads only.
--
-- KEYS[1] lane   ARGV[1] worker   ARGV[2] group   ARGV[3] the mark in the delivery count   ARGV[4] jobs looked at at once
--
-- Returns its entry, or an empty text. As many steps as the worker holds jobs, which its own appetite bounds.
local mark, start = tonumber(ARGV[3]), '-'
while true do
  local pending = redis.pcall('XPENDING', KEYS[1], ARGV[2], start, '+', ARGV[4], ARGV[1])
  if pending.err then
    if string.find(pending.err, 'NOGROUP', 1, true) then return '' end
    return pending
  end
  for _, item in ipairs(pending) do
    if math.floor(item[4] / mark) % 2 == 1 then return item[1] end
  end
  if #pending < tonumber(ARGV[4]) then return '' end
  start = '(' .. pending[#pending][1]
end
