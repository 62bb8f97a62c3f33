-- The same job: key lookup, balance, project, entry, event. ARGV[1]: a random number that makes user and key. ARGV[2]:
-- the run, as redis-benchmark may give two runs the same random numbers.
local user = 'account:user-' .. (tonumber(ARGV[1]) % 1000)
local key = 'key:' .. ARGV[2] .. ':' .. user .. ':' .. ARGV[1]
local earlier = redis.call('GET', key)
if earlier then return earlier end
if tonumber(redis.call('HGET', user, 'available')) < 1 then return redis.error_reply('insufficientCredits') end
redis.call('HINCRBY', user, 'available', -1)
redis.call('HINCRBY', user, 'held', 1)
local time = redis.call('TIME')
local now = time[1] .. string.sub(time[2], 1, 3)
local id = redis.call('INCR', 'projects')
local project = 'project:' .. string.format('%012d', id)
redis.call('HSET', project, 'id', id, 'user', user, 'status', 'pending', 'credits', 1, 'createdAt', now,
    'updatedAt', now, 'deadline', now + 3600000, 'key', ARGV[1])
redis.call('ZADD', 'projects:' .. user, id, id)
redis.call('ZADD', 'deadlines', now + 3600000, id)
redis.call('RPUSH', 'entries:' .. user, 'charge:1:' .. id .. ':' .. now)
redis.call('RPUSH', 'events:' .. id, 'created:0:0:0:' .. now)
redis.call('SET', key, id)
return id
