import Jobs
import Logging
import NIOCore
import Observability
import RedisClient
import Wire

/// Fetches the outcomes addressed to one gateway, on a connection of its own.
///
/// What a connection has popped and lost with itself is not in the list any more. So after each failed pop every job that
/// is waited for is looked up among the stored outcomes, before the next pop: nobody waits for what was lost.
struct ReplyMailbox: Sendable {
    private static let batch = 256
    private static let wait: Duration = .seconds(5)
    /// Bytes of outcomes that are looked up at once.
    private static let lookUpBytes = 8 << 20

    private let client: RedisClient
    /// For large outcomes, which must not hold up the others, and for looking up.
    private let bulkClient: RedisClient
    private let command: RedisCommand
    private let keys: Keys
    private let logger: Logger
    private let timing: QueueTiming
    private let waiting: @Sendable () -> [JobID]
    private let deliver: @Sendable (Outcome) -> Void

    /// - Parameters:
    ///   - waiting: the jobs whose callers wait at the gateway.
    ///   - deliver: called in order, with the exception of large outcomes and of those that were looked up.
    init(
        _ connections: RedisConnections, gateway: String, waiting: @escaping @Sendable () -> [JobID],
        deliver: @escaping @Sendable (Outcome) -> Void
    ) {
        client = connections.makeClient("replies")
        bulkClient = connections.makeClient("bulk-replies")
        keys = connections.keys
        logger = connections.logger
        timing = connections.timing
        self.waiting = waiting
        self.deliver = deliver
        command = RedisCommand(
            "BLMPOP", String(Self.wait.components.seconds), "1", connections.keys.reply(gateway), "LEFT", "COUNT",
            String(Self.batch))
    }

    /// Delivers until the task is cancelled.
    func run() async {
        let (references, reference) = AsyncStream.makeStream(of: JobID.self)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.client.run() }
            group.addTask { await self.bulkClient.run() }
            group.addTask { await self.fetch { reference.yield($0) } }
            group.addTask {
                for await id in references { await self.collect([id]) }
            }
            await group.waitForAll()
        }
    }

    private func fetch(_ refer: @Sendable (JobID) -> Void) async {
        var isBroken = false
        // Delivered by a look, and perhaps in the list too.
        var known: Set<JobID> = []
        while !Task.isCancelled {
            do throws(RedisError) {
                if isBroken { try await lookUp(&known) }
                isBroken = false
                // {key, outcomes}, or null when none came in time.
                let reply = try await client.send(command, timeout: Self.wait + .seconds(3))
                let frames = reply.array?.last?.array ?? []
                for frame in frames { read(frame, except: known, refer) }
                // Whatever was stored before the look was pushed before it.
                if frames.count < Self.batch { known = [] }
            } catch {
                guard !Task.isCancelled else { return }
                isBroken = true
                logger.debug("cannot fetch outcomes; will try again", metadata: [LogKeys.reason: "\(error.message)"])
                await timing.pause(.milliseconds(Int.random(in: 50...150)))
            }
        }
    }

    private func read(_ frame: RedisValue, except known: Set<JobID> = [], _ refer: (JobID) -> Void) {
        guard let bytes = frame.bytes else { return }
        do throws(WireError) {
            switch try ReplyFrame.decode(bytes) {
            case .outcome(let outcome): if !known.contains(outcome.id) { deliver(outcome) }
            case .reference(let id): if !known.contains(id) { refer(id) }
            }
        } catch {
            // The outcome is stored all the same; its caller finds it by the job's id.
            logger.error("dropped an outcome that cannot be read", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    // MARK: Stored outcomes

    /// Delivers what is stored of all jobs that are waited for.
    /// - Throws: while Redis is away.
    /// - Parameter known: gets those that were delivered.
    private func lookUp(_ known: inout Set<JobID>) async throws(RedisError) {
        let jobs = waiting().filter { !known.contains($0) }
        for start in stride(from: 0, to: jobs.count, by: Self.batch) {
            let part = Array(jobs[start..<min(start + Self.batch, jobs.count)])
            let sizes = try await bulkClient.send(part.map { RedisCommand("STRLEN", keys.result($0)) })
            var (batch, bytes): ([JobID], Int) = ([], 0)
            for (id, size) in zip(part, sizes.map { $0.integer ?? 0 }) where size > 0 {
                if !batch.isEmpty, bytes + size > Self.lookUpBytes {
                    try await get(batch, bytes)
                    known.formUnion(batch)
                    (batch, bytes) = ([], 0)
                }
                batch.append(id)
                bytes += size
            }
            if !batch.isEmpty { try await get(batch, bytes) }
            known.formUnion(batch)
        }
    }

    private func get(_ jobs: [JobID], _ bytes: Int) async throws(RedisError) {
        let replies = try await bulkClient.send(
            jobs.map { RedisCommand("GET", keys.result($0)) }, timeout: Transfer.timeout(bytes))
        for reply in replies where !reply.isNull { read(reply) { _ in } }
    }

    /// Fetches large outcomes until they are there: their frames are taken off the list already.
    private func collect(_ jobs: [JobID]) async {
        for _ in 0..<100 where !Task.isCancelled {
            do throws(RedisError) {
                let sizes = try await bulkClient.send(jobs.map { RedisCommand("STRLEN", keys.result($0)) })
                return try await get(jobs, sizes.reduce(0) { $0 + ($1.integer ?? 0) })
            } catch {
                logger.debug(
                    "cannot fetch a large outcome; will try again", metadata: [LogKeys.reason: "\(error.message)"])
                await timing.pause(.milliseconds(Int.random(in: 100...300)))
            }
        }
    }
}
