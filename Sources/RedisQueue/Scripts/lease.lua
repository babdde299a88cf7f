-- Takes out or renews the lease of a worker.
--
-- KEYS[1] lease and report of the worker   KEYS[2] ids of known workers
-- ARGV[1] worker   ARGV[2] report   ARGV[3] life, ms   ARGV[4] "renew", or "first": not over a lease that holds
--
-- Returns 1, or 0 when a lease held already.
-- The first write is a DEL, which a full Redis does not refuse: a worker must not be taken for dead because of it.
if ARGV[4] == 'first' and redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('SADD', KEYS[2], ARGV[1])
return 1
