import Jobs
import Synchronization

/// Lets one wake-up per queue pass in each interval.
final class WakeLimiter: Sendable {
    private let interval: Duration
    private let last = Mutex<[QueueName: ContinuousClock.Instant]>([:])

    init(interval: Duration = .milliseconds(50)) { self.interval = interval }

    func admits(_ queue: QueueName, at now: ContinuousClock.Instant = .now) -> Bool {
        last.withLock { last in
            if let before = last[queue], now - before < interval { return false }
            last[queue] = now
            return true
        }
    }
}
