package import Time

/// This machine's own clock, which nobody sets and which counts sleep: for leases, whose length matters and not the date.
///
/// Starts near zero in each process. Only differences of one instance's times mean anything.
package struct MonotonicTime: TimeSource {
    private let origin = ContinuousClock.now

    package init() {}

    package func now() -> Timestamp { .zero + (ContinuousClock.now - origin) }
}
