package import Jobs
import Logging
import NIOCore
import RedisClient
package import Time
import Wire

/// The queue as a gateway sees it, on Redis.
///
/// `run` must be under way while it is used; what is called before waits for the connection, up to 5 s.
package final class RedisSubmissionQueue: SubmissionQueue {
    let connections: RedisConnections
    let options: QueueOptions
    let clock: any TimeSource
    let client: RedisClient
    let notices: SettledNotices
    let memory: MemoryGuard
    let wakes = WakeLimiter()

    /// - Parameter clock: a `ServerClock` of the same Redis.
    package init(_ connections: RedisConnections, clock: any TimeSource, options: QueueOptions = QueueOptions()) {
        self.connections = connections
        self.options = options
        self.clock = clock
        client = connections.makeClient("submit")
        notices = SettledNotices(connections)
        memory = MemoryGuard(client: client, highWaterMark: options.memoryHighWaterMark)
    }

    /// Keeps the connections and watches the memory of Redis, until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.client.run() }
            group.addTask { await self.memory.run() }
            group.addTask { await self.notices.run() }
            await group.waitForAll()
        }
    }

    // MARK: Submitting

    package func submit(_ job: Job, once: IdempotencyKey?) async throws(QueueError) -> Submission {
        if let once { return try await submitOnce(job, once) }
        try memory.check()
        let lane = Keys.lane(job.queue, job.priority)
        let size = JobWire.size(of: job)
        var add = RedisCommand("XADD", [lane, "*", "j"], payload: size)
        add.append(size: size) { JobWire.encode(job, into: &$0) }
        var commands = [add, RedisCommand("XLEN", lane)]
        if wakes.admits(job.queue) { commands.append(wake(job.queue)) }
        let replies = try await client.perform(commands, "submitting to \(job.queue)")
        guard let entry = replies.first?.entryID else {
            throw QueueError.unexpected(replies.first ?? .null, "submitting to \(job.queue)")
        }
        let id = JobID(queue: job.queue, priority: job.priority, entry: entry)
        return .accepted(id, depth: replies[1].integer ?? 1)
    }

    func wake(_ queue: QueueName) -> RedisCommand { RedisCommand("PUBLISH", Keys.wake, queue.description) }

    package func depth(of queue: QueueName) async throws(QueueError) -> QueueDepth {
        let reply = try await client.perform([QueueCensus.call(for: queue, .depth)], "reading the depth of \(queue)")
            .first
        return try QueueCensus.read(reply ?? .null, of: queue).depth
    }

    package func keepOutcome(of id: JobID, for retention: Duration) async throws(QueueError) {
        let command = RedisCommand(
            "PEXPIRE", Keys.result(id), String(QueueOptions.milliseconds(retention)), "GT")
        let reply = try await client.perform([command], "keeping the outcome of \(id)").first ?? .null
        guard reply.integer != nil else { throw QueueError.unexpected(reply, "keeping the outcome of \(id)") }
    }

    package func jobSecret(orElse known: JobSecret?) async throws(QueueError) -> JobSecret {
        let what = "looking for the secret of job ids"
        let stored = try await client.perform([RedisCommand("GET", Keys.jobSecret)], what).first ?? .null
        if !stored.isNull { return try Self.secret(in: stored, what) }
        var generator = SystemRandomNumberGenerator()
        let proposed = known ?? JobSecret(using: &generator)
        var set = RedisCommand("SET", Keys.jobSecret)
        set.append(ByteBuffer(bytes: proposed.bytes))
        set.append(contentsOf: ["NX", "GET"])
        let earlier = try await client.perform([set], what).first ?? .null
        return earlier.isNull ? proposed : try Self.secret(in: earlier, what)
    }

    private static func secret(in reply: RedisValue, _ what: String) throws(QueueError) -> JobSecret {
        guard let bytes = reply.bytes else { throw QueueError.unexpected(reply, what) }
        guard let secret = JobSecret(bytes.readableBytesView) else {
            throw QueueError(
                .malformed,
                "\(what): \(Keys.jobSecret) holds \(bytes.readableBytes) bytes, not \(JobSecret.length); delete it to have a new one made"
            )
        }
        return secret
    }

    // MARK: Replies

    package func deliverReplies(to gateway: String, _ deliver: @escaping @Sendable (Outcome) -> Void) async {
        let mailbox = ReplyMailbox(connections, gateway: gateway)
        await mailbox.run(deliver)
    }
}
