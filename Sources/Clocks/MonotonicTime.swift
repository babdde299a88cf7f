package import Time

/// Time that only goes on, from an arbitrary start: for what is measured and for what must end, however the cluster's common
/// time is set meanwhile (Redis failed over to a host whose clock differs).
///
/// Starts near zero; only differences of one instance's times mean anything.
package struct MonotonicTime: TimeSource {
    private let elapsed: @Sendable () -> Duration

    /// - Parameter clock: nobody sets it; `ContinuousClock` counts sleep, too.
    package init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let origin = clock.now
        elapsed = { origin.duration(to: clock.now) }
    }

    package func now() -> Timestamp { .zero + elapsed() }
}
