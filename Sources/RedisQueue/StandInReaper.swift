package import Jobs
import Logging
import Observability
import RedisClient
import Time

/// Does what the scaler does for jobs while no scaler leads: gives back those of workers that are gone, makes due ones
/// takable, and ends those beyond their deadlines. One of the processes that run it at a time.
package struct StandInReaper: Sendable {
    private static let interval = Duration.seconds(1)
    private static let turn = Duration.seconds(3)

    private let id: String
    private let queues: [QueueName]
    private let observer: RedisQueueObserver
    private let client: RedisClient
    private let keys: Keys
    private let logger: Logger
    private let timing: QueueTiming

    /// - Parameters:
    ///   - id: unique per boot.
    ///   - observer: whose `run` is under way.
    package init(_ connections: RedisConnections, id: String, queues: [QueueName], observer: RedisQueueObserver) {
        self.id = id
        self.queues = queues
        self.observer = observer
        client = connections.makeClient("reaper")
        keys = connections.keys
        logger = connections.logger
        timing = connections.timing
    }

    /// Looks each second until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.client.run() }
            while !Task.isCancelled {
                await timing.pause(Self.interval)
                do throws(QueueError) {
                    try await look()
                } catch {
                    // Whatever keeps it from Redis says so itself; the next look finds the same work.
                    logger.debug(
                        "cannot look for jobs of workers that are gone", metadata: [LogKeys.reason: "\(error)"])
                }
            }
            group.cancelAll()
        }
    }

    /// - Returns: whether it was this one's turn. `run` must be under way.
    @discardableResult
    package func look() async throws(QueueError) -> Bool {
        guard try await isWanted() else { return false }
        _ = try await observer.reapExpired(from: queues)
        return true
    }

    /// Whether no scaler leads and no other stand-in has its turn.
    private func isWanted() async throws(QueueError) -> Bool {
        let what = "looking who reaps"
        let life = String(Self.turn.wholeMilliseconds)
        let replies = try await client.perform(
            [
                LeaderRecord.command(keys), RedisCommand("TIME"),
                RedisCommand("SET", keys.reaper, id, "NX", "GET", "PX", life),
            ], what)
        guard replies.count == 3 else { throw QueueError.unexpected(replies.last ?? .null, what) }
        guard try !LeaderRecord.isLed(replies[0], time: replies[1], what) else { return false }
        if let message = replies[2].errorMessage {
            let error = QueueError(reply: message, what)
            // A full Redis keeps no turns. Several may do the work at once; without any nothing would drain it.
            guard error.code == .outOfMemory else { throw error }
            return true
        }
        guard let holder = replies[2].string else { return true }
        guard holder == id else { return false }
        _ = try await client.perform([RedisCommand("PEXPIRE", keys.reaper, life)], what)
        return true
    }
}
