import Jobs
import NIOCore
import RedisClient
import Time
import Wire

/// Settles jobs that waited beyond their deadlines while no worker met them.
///
/// A worker settles what it meets too late; where none comes, nobody would. So each job with a deadline stands in an index,
/// in which a look sees nothing but the jobs that are due.
enum Expiry {
    /// Jobs of one queue in one round.
    private static let step = 64
    /// Rounds of one look: what is left is for the next.
    private static let rounds = 16

    /// The entry for a job's deadline, to be written once the job is accepted. Should that be lost, the job only waits for
    /// a worker.
    static func note(_ deadline: Timestamp, of id: JobID, _ keys: Keys) -> RedisCommand {
        RedisCommand("ZADD", keys.deadlines(id.queue), String(deadline.milliseconds + 1), Keys.pointer(id))
    }

    /// - Parameter later: when to look again at a job that a worker holds, so that those do not hide the others.
    /// - Returns: how many were settled.
    static func run(
        on client: RedisClient, _ keys: Keys, for queues: [QueueName], options: QueueOptions,
        lookingAgainAfter later: Duration
    ) async throws(QueueError) -> Int {
        var (remaining, count) = (queues, 0)
        for _ in 0..<rounds where !remaining.isEmpty {
            let now = try await time(on: client)
            let what = "looking for jobs beyond their deadlines"
            let limit = String((now - QueueModel.expiryMargin).milliseconds)
            let replies = try await client.perform(
                remaining.map {
                    RedisCommand("ZRANGEBYSCORE", keys.deadlines($0), "-inf", limit, "LIMIT", "0", String(step))
                }, what)
            var more: [QueueName] = []
            for (queue, reply) in zip(remaining, replies) {
                guard let pointers = reply.array?.compactMap(\.string) else { throw QueueError.unexpected(reply, what) }
                count += try await expire(pointers, of: queue, now: now, on: client, keys, options, later)
                if pointers.count == step { more.append(queue) }
            }
            remaining = more
        }
        return count
    }

    private static func time(on client: RedisClient) async throws(QueueError) -> Timestamp {
        let what = "reading the time of Redis"
        let reply = try await client.perform([RedisCommand("TIME")], what).first ?? .null
        guard let parts = reply.array?.compactMap(\.integer), parts.count == 2 else {
            throw QueueError.unexpected(reply, what)
        }
        return Timestamp(microseconds: Int64(parts[0]) &* 1_000_000 &+ Int64(parts[1]))
    }

    private static func expire(
        _ pointers: [String], of queue: QueueName, now: Timestamp, on client: RedisClient, _ keys: Keys,
        _ options: QueueOptions, _ later: Duration
    ) async throws(QueueError) -> Int {
        guard !pointers.isEmpty else { return 0 }
        let what = "settling jobs beyond their deadlines of \(queue)"
        let ids = pointers.map { Keys.job(pointer: $0, in: queue) }
        let jobs = ids.compactMap { $0 }
        let entries = try await client.perform(
            jobs.map {
                RedisCommand("XRANGE", keys.lane(queue, $0.priority), $0.entry.description, $0.entry.description)
            }, what)
        var ended = zip(pointers, ids).filter { $0.1 == nil }.map(\.0)
        var calls: [(id: JobID, call: ScriptCall)] = []
        for (id, reply) in zip(jobs, entries) {
            guard let found = reply.array else { throw QueueError.unexpected(reply, what) }
            guard let entry = found.first.flatMap({ LaneEntry($0) }) else {
                // Settled, and written into the index after that.
                ended.append(Keys.pointer(id))
                continue
            }
            let ending = EarlyEnding(id: id, entry: entry, .expired, now: now)
            calls.append((id, try ending.call(keys, options, of: .waiting)))
        }
        let replies = try await client.perform(calls.map(\.call), what)
        var (held, count): ([String], Int) = ([], 0)
        for ((id, _), reply) in zip(calls, replies) {
            switch reply.array?.first?.string {
            case "cancelled": count += 1
            case "running": held.append(Keys.pointer(id))
            // It ended meanwhile.
            case "settled", "absent": ended.append(Keys.pointer(id))
            default: throw QueueError.unexpected(reply, what)
            }
        }
        try await put(off: held, until: now + later, ended: ended, of: queue, on: client, keys, what)
        return count
    }

    private static func put(
        off held: [String], until moment: Timestamp, ended: [String], of queue: QueueName, on client: RedisClient,
        _ keys: Keys,
        _ what: String
    ) async throws(QueueError) {
        if !ended.isEmpty {
            var remove = RedisCommand("ZREM", keys.deadlines(queue))
            remove.append(contentsOf: ended)
            let reply = try await client.perform([remove], what).first ?? .null
            guard reply.integer != nil else { throw QueueError.unexpected(reply, what) }
        }
        guard !held.isEmpty else { return }
        let postpone = RedisScript.postpone.call(keys: [keys.deadlines(queue)])
            .with(String(moment.milliseconds)).with(held)
        _ = try await client.perform([postpone], what)
    }
}
