/// Time to wait before the next attempt to connect.
///
/// | failures in a row | wait before jitter |
/// |---|---|
/// | 1 | 50 ms |
/// | 2 | 100 ms |
/// | 6 and more | 1.6 s |
/// | refused credentials, 1 | 1 s |
/// | refused credentials, 5 and more | 16 s |
struct Backoff {
    private var failures = 0

    mutating func reset() { failures = 0 }

    /// Jitter over the upper half: clients that lost one server together do not come back together.
    ///
    /// - Parameter error: what ended the last attempt; `nil` when a connection ended.
    mutating func next(after error: RedisError?, using generator: inout some RandomNumberGenerator) -> Duration {
        // Nobody corrects a password in milliseconds, and servers count wrong ones.
        let (first, doublings) = error?.code == .authenticationFailed ? (1_000, 4) : (50, 5)
        let ceiling = first << min(failures, doublings)
        failures += 1
        return .milliseconds(Int.random(in: (ceiling / 2)...ceiling, using: &generator))
    }
}
