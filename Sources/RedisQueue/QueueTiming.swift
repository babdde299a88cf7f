import Clocks
package import Time

/// What one process's part of the queue measures by and waits by. What is stored is in Redis time (`ServerClock`).
package struct QueueTiming: Sendable {
    /// Monotonic.
    package let steady: any TimeSource
    package let clock: any Clock<Duration>

    package init(
        steady: any TimeSource = MonotonicTime(ContinuousClock()), clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.steady = steady
        self.clock = clock
    }

    /// Monotonic: only differences say anything.
    func now() -> Timestamp { steady.now() }

    /// Waits for so long, or until the task is cancelled: the caller's loop looks for that.
    func pause(_ duration: Duration) async {
        // The only error is the cancellation that the caller looks for.
        try? await clock.sleep(for: duration)
    }
}
