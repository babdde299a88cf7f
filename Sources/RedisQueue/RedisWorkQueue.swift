package import Jobs
import Logging
import Observability
import RedisClient
import Synchronization
package import Time

/// The queue as one worker sees it, on Redis.
///
/// `run` must be under way while it is used, `leave` included. Each take that is under way has a connection of its
/// own, and so has the lease: neither waits behind a large settle.
package final class RedisWorkQueue: WorkQueue {
    /// What `run` keeps alive.
    enum Child: Sendable {
        case client(RedisClient)
        case promotion(QueueName, after: Duration)
        case reconciliation([QueueName])
    }

    package let worker: String
    let connections: RedisConnections
    var keys: Keys { connections.keys }
    let options: QueueOptions
    let clock: any TimeSource
    let logger: Logger
    let client: RedisClient
    /// For large outcomes.
    let bulkClient: RedisClient
    let leaseClient: RedisClient
    let held = HeldJobs()
    /// Returns when jobs may be taken.
    let admission: @Sendable () async -> Void
    let budget = Mutex(TakeBudget())
    let turns = Mutex(ClassTurns())
    private let takers = Mutex<[RedisClient]>([])
    private let children: AsyncStream<Child>
    let launch: AsyncStream<Child>.Continuation

    /// - Parameters:
    ///   - worker: unique per boot, never reused; must not begin with a colon.
    ///   - clock: a `ServerClock` of the same Redis.
    ///   - admission: the first take waits for it: a worker that does not belong to the cluster must not get its jobs.
    package init(
        worker: String, _ connections: RedisConnections, clock: any TimeSource, options: QueueOptions = QueueOptions(),
        admission: @escaping @Sendable () async -> Void = {}
    ) {
        precondition(!worker.isEmpty && !worker.hasPrefix(":"), "a worker's id must not be empty or begin with a colon")
        self.worker = worker
        self.connections = connections
        self.options = options
        self.clock = clock
        self.admission = admission
        var logger = connections.logger
        logger[metadataKey: LogKeys.workerID] = "\(worker)"
        self.logger = logger
        client = connections.makeClient("work")
        bulkClient = connections.makeClient("bulk")
        leaseClient = connections.makeClient("lease")
        (children, launch) = AsyncStream.makeStream()
    }

    /// Keeps the connections, and makes jobs takable whose retry falls due, until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.client.run() }
            group.addTask { await self.bulkClient.run() }
            group.addTask { await self.leaseClient.run() }
            for await child in children {
                switch child {
                case .client(let client): group.addTask { await client.run() }
                case .promotion(let queue, let delay): group.addTask { await self.promote(queue, after: delay) }
                case .reconciliation(let queues): group.addTask { await self.reconcileInBackground(queues) }
                }
            }
            group.cancelAll()
        }
    }

    // MARK: Settling

    package func settle(_ settlements: [Settlement]) async throws(QueueError) {
        let now = connections.timing.now()
        let transactions = try SettleTransaction.all(settlements, keys, options: options) {
            held.hold(of: $0, now: now)
        }
        do throws(QueueError) {
            try await settle(transactions)
        } catch {
            // It may have been done all the same, and is then done twice.
            held.contest(settlements.lazy.map(\.outcome.id))
            throw error
        }
        held.remove(settlements.lazy.map(\.outcome.id))
    }

    func settle(_ transactions: [SettleTransaction]) async throws(QueueError) {
        guard !transactions.isEmpty else { return }
        let size = transactions.reduce(0) { $0 + $1.size }
        // What is small must not wait behind what a slow link takes seconds for.
        let client = size > Transfer.large ? bulkClient : client
        let replies = try await client.perform(
            transactions.flatMap(\.commands), timeout: Transfer.timeout(size), "settling jobs")
        var rescues: [ScriptCall] = []
        var start = replies.startIndex
        for transaction in transactions {
            let end = start + transaction.commands.count
            guard end <= replies.endIndex else { throw QueueError(.malformed, "settling jobs: replies are missing") }
            if case .refused = try transaction.judge(replies[start..<end]) { rescues += transaction.rescue() }
            start = end
        }
        guard !rescues.isEmpty else { return }
        _ = try await client.perform(
            rescues, timeout: Transfer.timeout(2 * size), "settling jobs while Redis is full")
    }

    // MARK: Trials

    package func beginTrial(of id: JobID) async throws(QueueError) -> Bool {
        try await mark(id, "begin", "noting that job \(id) runs by itself")
    }

    package func endTrial(of id: JobID) async throws(QueueError) {
        _ = try await mark(id, "end", "noting that job \(id) ran by itself")
    }

    /// - Returns: whether this worker still holds the job.
    private func mark(_ id: JobID, _ mode: String, _ what: String) async throws(QueueError) -> Bool {
        let call = RedisScript.trial.call(keys: [keys.lane(id.queue, id.priority)])
            .with(worker, Keys.group, id.entry.description, String(DeliveryCount.trial), mode)
        let reply = try await client.perform([call], what).first ?? .null
        guard let held = reply.integer else { throw QueueError.unexpected(reply, what) }
        return held == 1
    }

    // MARK: Giving back

    package func retry(_ job: TakenJob, after delay: Duration, error: String) async throws(QueueError) {
        let isDelayed = delay.wholeMilliseconds > 0
        let call = giveBack(
            [job.id], delay: isDelayed ? delay : .zero, penalty: DeliveryCount.failure)
        _ = try await client.perform([call], "giving back job \(job.id)")
        held.remove(CollectionOfOne(job.id))
        logger.debug(
            "a job will be tried again",
            metadata: [LogKeys.jobID: "\(job.id)", LogKeys.attempt: "\(job.attempt)", LogKeys.reason: "\(error)"])
        if isDelayed { schedulePromotion(of: job.id.queue, after: delay) }
    }

    package func handBack(_ jobs: [TakenJob]) async throws(QueueError) {
        try await handBack(ids: jobs.map(\.id))
    }

    /// At once and unpenalised.
    func handBack(ids: [JobID]) async throws(QueueError) {
        guard !ids.isEmpty else { return }
        var calls: [ScriptCall] = []
        for (queue, ids) in Dictionary(grouping: ids, by: \.queue) {
            for (_, ids) in Dictionary(grouping: ids, by: \.priority) {
                let ids = ids.sorted { $0.entry < $1.entry }
                for start in stride(from: 0, to: ids.count, by: Reaper.step) {
                    let part = ids[start..<min(start + Reaper.step, ids.count)]
                    calls.append(giveBack(Array(part), delay: .zero, penalty: 0))
                }
            }
            held.note(queue)
        }
        _ = try await client.perform(calls, "handing back \(ids.count) jobs")
        held.remove(ids)
    }

    /// - Parameter ids: of one lane.
    private func giveBack(_ ids: [JobID], delay: Duration, penalty: Int) -> ScriptCall {
        let (queue, priority) = (ids[0].queue, ids[0].priority)
        return RedisScript.giveBack
            .call(keys: [keys.lane(queue, priority), keys.again(queue), keys.due(queue)])
            .with(
                worker, Keys.group, Keys.returned, priority.name, String(delay.wholeMilliseconds), String(penalty),
                String(DeliveryCount.trial)
            )
            .with(ids.map(\.entry.description))
    }

    private func schedulePromotion(of queue: QueueName, after delay: Duration) {
        guard let delay = held.promotionDelay(of: queue, after: delay, now: connections.timing.now()) else { return }
        launch.yield(.promotion(queue, after: delay))
    }

    private func promote(_ queue: QueueName, after delay: Duration) async {
        // Only cancellation ends the sleep early, and then there is nothing to do: `reapExpired` promotes too.
        await connections.timing.pause(delay)
        held.promotionRuns(queue)
        guard !Task.isCancelled else { return }
        do throws(QueueError) {
            if let next = try await Promotion.run(on: client, keys, for: [queue])[queue] {
                schedulePromotion(of: queue, after: next)
            }
        } catch {
            logger.debug("cannot promote due jobs; the scaler will", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    // MARK: Connections for takes

    func checkOutTaker() -> RedisClient {
        if let idle = takers.withLock({ $0.popLast() }) { return idle }
        let fresh = connections.makeClient("take")
        launch.yield(.client(fresh))
        return fresh
    }

    func checkIn(_ taker: RedisClient) { takers.withLock { $0.append(taker) } }
}
