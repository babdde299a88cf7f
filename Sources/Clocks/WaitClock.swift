package import Time

/// Time that only goes on, from the clock's making, and waits on it: for what is measured and for what must end, however the
/// cluster's common time is set meanwhile.
package struct WaitClock: Sendable {
    package let now: @Sendable () -> Timestamp
    /// - Throws: when the task is cancelled.
    package let sleep: @Sendable (Duration) async throws -> Void

    package init(now: @escaping @Sendable () -> Timestamp, sleep: @escaping @Sendable (Duration) async throws -> Void) {
        self.now = now
        self.sleep = sleep
    }

    package init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let origin = clock.now
        now = { .zero + origin.duration(to: clock.now) }
        sleep = { try await clock.sleep(for: $0) }
    }
}
