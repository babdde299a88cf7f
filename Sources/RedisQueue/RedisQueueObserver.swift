import FoundationEssentials
package import Jobs
import Logging
import NIOCore
import Observability
import RedisClient
import Synchronization
import Time

/// The queue as the scaler sees it, on Redis. `run` must be under way while it is used.
package final class RedisQueueObserver: QueueObserver {
    private static let decisionLimit = 10_000

    /// Looks further apart than this say nothing of the time between them.
    private static let longestPause = Duration.seconds(3)

    private let connections: RedisConnections
    private let client: RedisClient
    private let keys: Keys
    private let grace: Duration
    private let options: QueueOptions
    /// Since when, and until when, leases could be read without a break.
    private let readable = Mutex<(since: Timestamp, until: Timestamp)?>(nil)

    /// - Parameter grace: how long leases must have been readable without a break before a missing one counts. After an
    ///   outage of Redis the leases of live workers have run out, too, and each worker needs a moment to come back.
    package init(
        _ connections: RedisConnections, grace: Duration = QueueOptions().leaseDuration,
        options: QueueOptions = QueueOptions()
    ) {
        self.connections = connections
        self.options = options
        self.grace = grace
        client = connections.makeClient("observe")
        keys = connections.keys
    }

    /// Keeps the connection until the task is cancelled.
    package func run() async { await client.run() }

    package func snapshot(of queues: [QueueName]) async throws(QueueError) -> [QueueName: QueueSnapshot] {
        let replies = try await client.perform(queues.map { QueueCensus.call(for: $0, keys) }, "reading the queues")
        var snapshots: [QueueName: QueueSnapshot] = [:]
        for (queue, reply) in zip(queues, replies) { snapshots[queue] = try QueueCensus.read(reply, of: queue) }
        return snapshots
    }

    package func workers() async throws(QueueError) -> [WorkerReport] {
        let what = "reading the workers' reports"
        let ids = try await texts(RedisCommand("SMEMBERS", keys.workers), what)
        guard !ids.isEmpty else { return [] }
        var command = RedisCommand("MGET")
        command.append(contentsOf: ids.sorted().map(keys.worker))
        let reply = try await client.perform([command], what).first ?? .null
        guard let reports = reply.array else { throw QueueError.unexpected(reply, what) }
        let decoder = JSONDecoder()
        return reports.compactMap { value in
            // Empty: a worker that has a lease and has not reported yet.
            guard let bytes = value.bytes, bytes.readableBytes > 0 else { return nil }
            do {
                return try decoder.decode(WorkerReport.self, from: Data(bytes.readableBytesView))
            } catch {
                connections.logger.error("a worker's report cannot be read", metadata: [LogKeys.reason: "\(error)"])
                return nil
            }
        }
    }

    // MARK: Reaping

    package func reap(
        _ worker: String, from queues: [QueueName], ran: LastRuns
    ) async throws(QueueError) -> Reaped {
        try await Reaper.reap(worker, from: queues, after: .death(ran), on: client, keys)
    }

    /// Ends the jobs beyond their deadlines that no worker holds, a bounded number.
    /// - Parameter later: when to look again at one that a worker holds.
    /// - Returns: how many.
    package func expire(
        _ queues: [QueueName], lookingAgainAfter later: Duration = .seconds(5)
    ) async throws(QueueError) -> Int {
        try await Expiry.run(on: client, keys, for: queues, options: options, lookingAgainAfter: later)
    }

    package func reapExpired(from queues: [QueueName]) async throws(QueueError) -> [String] {
        // The leases first: a worker that is gone may hold what stands in the way of the rest.
        let ended = try await reapLeaseless(from: queues)
        _ = try await Promotion.run(on: client, keys, for: queues)
        _ = try await expire(queues)
        return ended
    }

    private func reapLeaseless(from queues: [QueueName]) async throws(QueueError) -> [String] {
        let began = connections.timing.now()
        let candidates = try await knownWorkers(queues)
        guard !candidates.isEmpty else {
            _ = noteReadable(since: began)
            return []
        }
        let leases = try await client.perform(
            candidates.map { RedisCommand("EXISTS", keys.worker($0)) }, "looking for leases that ran out")
        guard noteReadable(since: began) else { return [] }
        var ended: [String] = []
        for (worker, lease) in zip(candidates, leases) {
            guard let lives = lease.integer else {
                throw QueueError.unexpected(lease, "looking for leases that ran out")
            }
            guard lives == 0 else { continue }
            let reaped = try await Reaper.reap(worker, from: queues, after: .death(.unknown), on: client, keys)
            var metadata: Logger.Metadata = [LogKeys.workerID: "\(worker)", LogKeys.jobs: "\(reaped.count)"]
            if let blamed = reaped.blamed {
                metadata[LogKeys.jobID] = "\(blamed)"
                metadata[LogKeys.modelName] = "\(blamed.queue.model)"
            }
            connections.logger.notice("the lease of a worker ran out", metadata: metadata)
            ended.append(worker)
        }
        return ended
    }

    /// Gives back what workers of an earlier life hold, unpenalised and at once, lease or not. Only for a Redis that nobody
    /// else can have reached, before any worker of this life has started: those are all gone, and not by their jobs.
    /// - Returns: the number of jobs that went back.
    package func releaseAll(from queues: [QueueName]) async throws(QueueError) -> Int {
        var count = 0
        for worker in try await knownWorkers(queues) {
            count += try await Reaper.reap(worker, from: queues, after: .leaving, on: client, keys).count
        }
        return count
    }

    /// Takes note of a look that began then and succeeded. A look that took long was an outage itself.
    /// - Returns: whether leases could be read for long enough.
    private func noteReadable(since began: Timestamp) -> Bool {
        let now = connections.timing.now()
        return readable.withLock { readable in
            let isUnbroken = readable.map { now - $0.until <= Self.longestPause } ?? false
            readable = (isUnbroken ? readable?.since ?? began : began, now)
            return readable.map { now - $0.since >= grace } ?? false
        }
    }

    /// Whoever has a lease, had one, or has jobs of these queues delivered: a worker that was reaped while it was
    /// paused and takes again is found by what it took.
    private func knownWorkers(_ queues: [QueueName]) async throws(QueueError) -> [String] {
        let what = "looking for workers"
        let streams = queues.flatMap { queue in
            PriorityClass.allCases.map { keys.lane(queue, $0) } + [keys.again(queue)]
        }
        let replies = try await client.perform(
            [RedisCommand("SMEMBERS", keys.workers)]
                + streams.map { RedisCommand("XINFO", "CONSUMERS", $0, Keys.group) },
            what)
        guard let first = replies.first, let known = first.array else {
            throw QueueError.unexpected(replies.first ?? .null, what)
        }
        var names = Set(known.compactMap(\.string))
        for reply in replies.dropFirst() {
            // A queue without keys or group has no consumers.
            for consumer in reply.array ?? [] {
                guard let fields = consumer.array, fields.count > 1, let name = fields[1].string else { continue }
                names.insert(name)
            }
        }
        names.remove(Keys.returned)
        return names.sorted()
    }

    // MARK: Waking

    package func watchSubmissions(_ wake: @escaping @Sendable (QueueName) -> Void) async {
        // Each gateway limits itself; together they are limited here.
        let limiter = WakeLimiter(connections.timing)
        await connections.makeSubscriber("wake").run(channels: [keys.wake]) { _, message in
            guard let queue = QueueName(String(buffer: message)), limiter.admits(queue) else { return }
            wake(queue)
        }
    }

    // MARK: Decisions

    package func record(decision json: String) async throws(QueueError) {
        let reply =
            try await client.perform(
                [RedisCommand("XADD", keys.decisions, "MAXLEN", "~", String(Self.decisionLimit), "*", "d", json)],
                "recording a decision"
            ).first ?? .null
        if let message = reply.errorMessage { throw QueueError(reply: message, "recording a decision") }
    }

    package func decisions(newest count: Int) async throws(QueueError) -> [String] {
        let what = "reading the decisions"
        let reply =
            try await client.perform(
                [RedisCommand("XREVRANGE", keys.decisions, "+", "-", "COUNT", String(max(1, count)))], what
            ).first ?? .null
        guard let entries = reply.array else { throw QueueError.unexpected(reply, what) }
        return entries.compactMap { entry in
            guard let fields = entry.array?.last?.array, fields.count == 2 else { return nil }
            return fields[1].string
        }
    }

    private func texts(_ command: RedisCommand, _ what: String) async throws(QueueError) -> [String] {
        let reply = try await client.perform([command], what).first ?? .null
        guard let values = reply.array else { throw QueueError.unexpected(reply, what) }
        return values.compactMap(\.string)
    }
}
