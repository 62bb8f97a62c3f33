-- ARGV[1] projects with the members of ours, over 1000 users.
for user = 0, 999 do redis.call('HSET', 'account:user-' .. user, 'available', 1099511627776, 'held', 0) end
for n = 0, tonumber(ARGV[1]) - 1 do
    redis.call('HSET', 'project:' .. string.format('%012d', n), 'projectId', '01a20958-6e93-7698-9d72-' .. string.format('%012d', n),
        'userId', 'user-' .. n % 1000, 'status', 'completed', 'creditsUsed', 10, 'creditsRefunded', 0,
        'createdAt', 1700000000000 + n, 'updatedAt', 1700000000000 + n, 'startedAt', 1700000000000 + n,
        'finishedAt', 1700000000000 + n)
end
redis.call('SET', 'projects', ARGV[1])
return 'OK'
