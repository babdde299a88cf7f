import Jobs
import Logging
import Observability
import RedisQueue

/// Gives back the jobs of workers whose lease ran out, from a gateway: while no scaler lives nobody else would.
///
/// A scaler does the same; several at once do no harm.
struct StandInReaper: Sendable {
    /// Leases must be readable without a longer break than 3 s for a missing one to count.
    private static let interval = Duration.seconds(2)

    let observer: RedisQueueObserver
    let queues: [QueueName]
    let logger: Logger

    /// Until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do {
                _ = try await observer.reapExpired(from: queues)
            } catch {
                // Whoever serves says that the queue is away.
                logger.debug("Leases were not looked at", metadata: [LogKeys.reason: "\(error)"])
            }
            // Only cancellation ends it early, and the loop's condition sees it.
            try? await Task.sleep(for: Self.interval)
        }
    }
}
