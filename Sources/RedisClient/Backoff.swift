/// Time to wait before the next attempt to connect.
///
/// | failures | wait before jitter |
/// |---|---|
/// | 1 | 50 ms |
/// | 2 | 100 ms |
/// | 6 and more | 1.6 s |
struct Backoff {
    private var failures = 0

    mutating func reset() { failures = 0 }

    /// Full jitter over the upper half: clients that lost one server together do not come back together.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let ceiling = 50 << min(failures, 5)
        failures += 1
        return .milliseconds(Int.random(in: (ceiling / 2)...ceiling, using: &generator))
    }
}
