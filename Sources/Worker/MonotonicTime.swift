package import Time

/// Time that only goes on, from an arbitrary start: for what is measured and for what must end, however the cluster's
/// common time is set meanwhile (Redis failed over to a host whose clock differs).
package struct MonotonicTime: TimeSource {
    private let origin = ContinuousClock.now

    package init() {}

    package func now() -> Timestamp { .zero + (ContinuousClock.now - origin) }
}
