import Jobs
import RedisClient
import Synchronization

/// Knows whether Redis has room for more jobs.
///
/// Submits stop at the high-water mark, below the limit at which Redis itself refuses writes, so that what was
/// accepted can always be settled.
final class MemoryGuard: Sendable {
    private static let interval: Duration = .seconds(1)

    private let client: RedisClient
    private let highWaterMark: Double
    /// The refusal while memory is above the mark.
    private let refusal = Mutex<QueueError?>(nil)

    init(client: RedisClient, highWaterMark: Double) {
        self.client = client
        self.highWaterMark = highWaterMark
    }

    /// - Throws: `outOfMemory` while memory was above the mark at the last look, at most a second ago.
    func check() throws(QueueError) {
        if let refusal = refusal.withLock({ $0 }) { throw refusal }
    }

    /// Looks once a second until the task is cancelled. While Redis cannot be asked the last answer holds.
    func run() async {
        while !Task.isCancelled {
            do throws(QueueError) {
                try await look()
            } catch {
                // Redis is away: the submit itself will say so.
            }
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await Task.sleep(for: Self.interval)
        }
    }

    func look() async throws(QueueError) {
        let reply = try await client.perform([RedisCommand("INFO", "memory")], "reading the memory of Redis").first
        guard let info = reply?.string else { return }
        let status = ServerStatus(info: info)
        var found: QueueError?
        if let use = status.memoryUse, use > highWaterMark, let used = status.usedMemory,
            let limit = status.maximumMemory
        {
            found = QueueError(
                .outOfMemory,
                "Redis uses \(used) of \(limit) bytes, above \(Int(highWaterMark * 100)) %: no more jobs are accepted until some are settled"
            )
        }
        refusal.withLock { $0 = found }
    }
}
