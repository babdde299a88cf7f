-- Removes an operator's entry, unless another was written in its place meanwhile.
--
-- KEYS[1] control   ARGV[1] field   ARGV[2] when the entry was set, us
--
-- Returns how many were removed.
local json = redis.call('HGET', KEYS[1], ARGV[1])
if not json then return 0 end
local ok, entry = pcall(cjson.decode, json)
local set = ok and type(entry) == 'table' and type(entry.set) == 'table' and entry.set.microseconds
if type(set) == 'number' and string.format('%.0f', set) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])
