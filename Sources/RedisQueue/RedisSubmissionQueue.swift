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
    /// For large bodies and outcomes: what is small must not wait behind them.
    let bulkClient: RedisClient
    var keys: Keys { connections.keys }
    let notices: SettledNotices
    private let serverClock: ServerClock?
    let store: StoreGuard
    let wakes: WakeLimiter

    /// - Parameters:
    ///   - clock: a `ServerClock` of the same Redis.
    ///   - onSafety: called after each look at whether Redis keeps what it took.
    package init(
        _ connections: RedisConnections, clock: any TimeSource, options: QueueOptions = QueueOptions(),
        onSafety: @escaping @Sendable (StoreSafety) -> Void = { _ in }
    ) {
        self.connections = connections
        self.options = options
        self.clock = clock
        serverClock = clock as? ServerClock
        client = connections.makeClient("submit")
        bulkClient = connections.makeClient("bulk")
        notices = SettledNotices(connections)
        wakes = WakeLimiter(connections.timing)
        store = StoreGuard(client: client, connections, highWaterMark: options.memoryHighWaterMark, onSafety: onSafety)
    }

    /// Keeps the connections and watches the memory of Redis, until the task is cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.client.run() }
            group.addTask { await self.bulkClient.run() }
            group.addTask { await self.store.run() }
            group.addTask { await self.notices.run() }
            await group.waitForAll()
        }
    }

    // MARK: What Redis is fit for

    package func verify() async throws(QueueError) { try await store.verify() }

    // MARK: Submitting

    package func submit(_ job: Job, once: IdempotencyKey?) async throws(QueueError) -> Submission {
        if let once { return try await submitOnce(job, once) }
        try store.check()
        let lane = keys.lane(job.queue, job.priority)
        let size = try encodedSize(of: job)
        guard size <= JobBody.inlineLimit else { return try await submitLarge(job, size: size) }
        var add = RedisCommand("XADD", [lane, "*", "j"], payload: size)
        try add.append(job, size: size)
        var commands = [add, RedisCommand("XLEN", lane)]
        if wakes.admits(job.queue) { commands.append(wake(job.queue)) }
        let replies = try await client.perform(commands, "submitting to \(job.queue)")
        guard let entry = replies.first?.entryID else {
            throw QueueError.unexpected(replies.first ?? .null, "submitting to \(job.queue)")
        }
        serverClock?.note(server: entry.milliseconds)
        let id = JobID(queue: job.queue, priority: job.priority, entry: entry)
        noteDeadline(of: job, id)
        return .accepted(id, depth: replies[1].integer ?? 1)
    }

    /// Not waited for: the job is accepted, and without it only waits for a worker.
    func noteDeadline(of job: Job, _ id: JobID) {
        guard let deadline = job.deadline else { return }
        client.submit([Expiry.note(deadline, of: id, keys)]) { _ in }
    }

    /// The body lies beside the entry, both or neither.
    private func submitLarge(_ job: Job, size: Int) async throws(QueueError) -> Submission {
        let (lane, body, what) = (keys.lane(job.queue, job.priority), JobBody(size: size), "submitting to \(job.queue)")
        var add = RedisCommand("XADD", lane, "*", "b", body.text, "h")
        add.append(try JobBody.head(of: job))
        let commands = [
            RedisCommand("MULTI"), try store(body, of: job, life: nil), add, RedisCommand("XLEN", lane),
            RedisCommand("EXEC"),
        ]
        let client = size > Transfer.large ? bulkClient : client
        let replies = try await client.perform(commands, timeout: Transfer.timeout(size), what)
        // The reason stands with the command that was refused; EXEC only says that there was one.
        if let refused = replies.first(where: { $0.errorMessage != nil }) { throw QueueError.unexpected(refused, what) }
        guard let results = replies.last?.array, results.count == 3, let entry = results[1].entryID else {
            throw QueueError.unexpected(replies.last ?? .null, what)
        }
        if wakes.admits(job.queue) { self.client.submit([wake(job.queue)]) { _ in } }
        let id = JobID(queue: job.queue, priority: job.priority, entry: entry)
        noteDeadline(of: job, id)
        return .accepted(id, depth: results[2].integer ?? 1)
    }

    /// - Parameter life: `nil`: until it is removed.
    func store(_ body: JobBody, of job: Job, life: Duration?) throws(QueueError) -> RedisCommand {
        var set = RedisCommand("SET", [keys.body(job.queue, body.token)], payload: body.size)
        try set.append(job, size: body.size)
        if let life { set.append(contentsOf: ["PX", String(QueueOptions.milliseconds(life))]) }
        return set
    }

    func wake(_ queue: QueueName) -> RedisCommand { RedisCommand("PUBLISH", keys.wake, queue.description) }

    package func depth(of queue: QueueName) async throws(QueueError) -> QueueDepth {
        let reply = try await client.perform(
            [QueueCensus.call(for: queue, keys, .depth)], "reading the depth of \(queue)"
        )
        .first
        return try QueueCensus.read(reply ?? .null, of: queue).depth
    }

    package func keepOutcome(of id: JobID, for retention: Duration) async throws(QueueError) {
        let command = RedisCommand(
            "PEXPIRE", keys.result(id), String(QueueOptions.milliseconds(retention)), "GT")
        let reply = try await client.perform([command], "keeping the outcome of \(id)").first ?? .null
        guard reply.integer != nil else { throw QueueError.unexpected(reply, "keeping the outcome of \(id)") }
    }

    package func jobSecret(orElse known: JobSecret?) async throws(QueueError) -> JobSecret {
        let what = "looking for the secret of job ids"
        let stored = try await client.perform([RedisCommand("GET", keys.jobSecret)], what).first ?? .null
        if !stored.isNull { return try secret(in: stored, what) }
        var generator = SystemRandomNumberGenerator()
        let proposed = known ?? JobSecret(using: &generator)
        var set = RedisCommand("SET", keys.jobSecret)
        set.append(ByteBuffer(bytes: proposed.bytes))
        set.append(contentsOf: ["NX", "GET"])
        let earlier = try await client.perform([set], what).first ?? .null
        return earlier.isNull ? proposed : try secret(in: earlier, what)
    }

    private func secret(in reply: RedisValue, _ what: String) throws(QueueError) -> JobSecret {
        guard let bytes = reply.bytes else { throw QueueError.unexpected(reply, what) }
        guard let secret = JobSecret(bytes.readableBytesView) else {
            throw QueueError(
                .malformed,
                "\(what): \(keys.jobSecret) holds \(bytes.readableBytes) bytes, not \(JobSecret.length); delete it to have a new one made"
            )
        }
        return secret
    }

    // MARK: Replies

    package func deliverReplies(
        to gateway: String, waiting: @escaping @Sendable () -> [JobID],
        _ deliver: @escaping @Sendable (Outcome) -> Void
    ) async {
        await ReplyMailbox(connections, gateway: gateway, waiting: waiting, deliver: deliver).run()
    }
}
