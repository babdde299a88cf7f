import Jobs
import Logging
import Observability
import RedisClient
import Synchronization

/// Whether Redis keeps what it took, as far as is seen from here.
package struct StoreSafety: Sendable, Equatable {
    /// It may delete what was accepted: its eviction policy was changed.
    package var isUnsafe: Bool
    /// How often all its data went away (FLUSHALL, a restart without its file) since this process started.
    package var losses: Int

    package init(isUnsafe: Bool = false, losses: Int = 0) {
        self.isUnsafe = isUnsafe
        self.losses = losses
    }
}

/// Knows whether Redis takes jobs now, and whether it keeps them.
///
/// Submits stop at the high-water mark, below the limit at which Redis itself refuses writes, so that what was
/// accepted can always be settled; and while a changed eviction policy may delete them.
final class StoreGuard: Sendable {
    private struct State {
        var refusal: QueueError?
        var safety = StoreSafety()
        /// What was read of the data's birth: `.some(nil)` after a loss, until somebody wrote a new one.
        var birth: String??
    }

    private static let interval: Duration = .seconds(1)

    private let client: RedisClient
    private let keys: Keys
    private let logger: Logger
    private let highWaterMark: Double
    private let onSafety: @Sendable (StoreSafety) -> Void
    private let standing: ClusterStanding
    private let timing: QueueTiming
    private let state = Mutex(State())

    init(
        client: RedisClient, _ connections: RedisConnections, highWaterMark: Double,
        onSafety: @escaping @Sendable (StoreSafety) -> Void
    ) {
        self.onSafety = onSafety
        self.client = client
        keys = connections.keys
        standing = connections.standing
        timing = connections.timing
        logger = connections.logger
        self.highWaterMark = highWaterMark
    }

    /// - Throws: why no job was to be accepted at the last look, at most a second ago, or none from this process.
    func check() throws(QueueError) {
        try standing.check()
        if let refusal = state.withLock({ $0.refusal }) { throw refusal }
    }

    /// Asks Redis whether it would take a job now.
    ///
    /// The question is a write that changes nothing: of all commands a submit's own, on a stream that does not exist. It is
    /// refused for each reason for which a submit is: by a replica, with a full disk or memory, without the right.
    func verify() async throws(QueueError) {
        try check()
        let what = "asking whether Redis takes jobs"
        let reply = try await client.perform([probe], what).first ?? .null
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
    }

    /// Looks once a second until the task is cancelled. While Redis cannot be asked the last answer holds.
    func run() async {
        while !Task.isCancelled {
            do throws(QueueError) {
                try await look()
            } catch {
                // Redis is away: the submit itself will say so.
            }
            await timing.pause(Self.interval)
        }
    }

    func look() async throws(QueueError) {
        // The write is there so that a connection to a server that became a replica is left before a caller meets it.
        let replies = try await client.perform(
            [RedisCommand("INFO", "memory"), RedisCommand("HGET", keys.cluster, "born"), probe],
            "looking after Redis")
        guard replies.count == 3 else { return }
        if let info = replies[0].string { note(ServerStatus(info: info)) }
        if replies[1].errorMessage == nil { note(birth: replies[1].string) }
        onSafety(state.withLock { $0.safety })
    }

    private var probe: RedisCommand { RedisCommand("XADD", keys.probe, "NOMKSTREAM", "*", "p", "") }

    private func note(_ status: ServerStatus) {
        var refusal: QueueError?
        if let use = status.memoryUse, use > highWaterMark, let used = status.usedMemory,
            let limit = status.maximumMemory
        {
            refusal = QueueError(
                .outOfMemory,
                "Redis uses \(used) of \(limit) bytes, above \(Int(highWaterMark * 100)) %: no more jobs are accepted until some are settled"
            )
        }
        let danger = status.evictionDanger
        if let danger { refusal = QueueError(.misconfigured, "\(danger). No job is accepted until then") }
        let wasUnsafe = state.withLock { state in
            defer { state.safety.isUnsafe = danger != nil }
            state.refusal = refusal
            return state.safety.isUnsafe
        }
        if let danger, !wasUnsafe {
            logger.error("Redis was made unsafe: it may delete accepted jobs", metadata: [LogKeys.reason: "\(danger)"])
        } else if danger == nil, wasUnsafe {
            logger.notice("Redis is safe again: it keeps what it accepts")
        }
    }

    /// - Parameter birth: written once into data that has none.
    private func note(birth: String?) {
        let isLost = state.withLock { state in
            defer { state.birth = .some(birth) }
            guard case .some(.some(let known)) = state.birth, known != birth else { return false }
            state.safety.losses += 1
            return true
        }
        guard isLost else { return }
        logger.error(
            "The data of Redis went away: every job that was accepted before is lost",
            metadata: [LogKeys.reason: "FLUSHALL, FLUSHDB, or a restart or a failover without the data"])
    }
}
