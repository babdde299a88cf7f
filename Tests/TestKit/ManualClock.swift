import Synchronization
package import Time

/// The cluster's time, moved by hand: it stands still until a test advances it.
package final class ManualClock: TimeSource {
    private let time: Mutex<Timestamp>

    package init(_ start: Timestamp = .zero) { time = Mutex(start) }

    package func now() -> Timestamp { time.withLock { $0 } }

    /// Moves the time and returns where it is now; a negative duration is a clock that was set back.
    @discardableResult
    package func advance(by duration: Duration) -> Timestamp {
        time.withLock { time in
            time = time + duration
            return time
        }
    }

    package func set(_ timestamp: Timestamp) { time.withLock { $0 = timestamp } }
}
