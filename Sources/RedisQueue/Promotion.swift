import Jobs
import RedisClient

/// Makes due jobs takable.
enum Promotion {
    private static let step = 256

    /// - Returns: for each queue with jobs that are not due yet, the time until the first of them is.
    static func run(
        on client: RedisClient, _ keys: Keys, for queues: [QueueName]
    ) async throws(QueueError) -> [QueueName: Duration] {
        var remaining = queues
        var next: [QueueName: Duration] = [:]
        while !remaining.isEmpty {
            let calls = remaining.map { queue in
                RedisScript.promote.call(keys: [keys.due(queue), keys.again(queue)]).with(String(step))
            }
            let replies = try await client.perform(calls, "making due jobs takable")
            var more: [QueueName] = []
            for (queue, reply) in zip(remaining, replies) {
                let numbers = reply.array?.compactMap(\.integer) ?? []
                guard numbers.count == 2 else { throw QueueError.unexpected(reply, "making due jobs takable") }
                if numbers[0] == step { more.append(queue) }
                next[queue] = numbers[1] < 0 ? nil : .milliseconds(numbers[1])
            }
            remaining = more
        }
        return next
    }
}
