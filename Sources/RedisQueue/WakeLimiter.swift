import Jobs
import Synchronization
import Time

/// Lets one wake-up per queue pass in each interval.
final class WakeLimiter: Sendable {
    private let interval: Duration
    private let timing: QueueTiming
    private let last = Mutex<[QueueName: Timestamp]>([:])

    init(_ timing: QueueTiming, interval: Duration = .milliseconds(50)) {
        self.timing = timing
        self.interval = interval
    }

    func admits(_ queue: QueueName) -> Bool {
        let now = timing.now()
        return last.withLock { last in
            if let before = last[queue], now - before < interval { return false }
            last[queue] = now
            return true
        }
    }
}
