import Time

/// Time to wait before the next attempt to connect.
///
/// | failures in a row | pause before jitter |
/// |---|---|
/// | 1 | 50 ms |
/// | 2 | 100 ms |
/// | 6 and more | 1.6 s |
/// | refused credentials, 1 | 1 s |
/// | refused credentials, 5 and more | 16 s |
struct ReconnectPause {
    private var ordinary = Backoff(first: .milliseconds(50), longest: .milliseconds(1_600))
    /// Nobody corrects a password in milliseconds, and servers count wrong ones.
    private var refused = Backoff(first: .seconds(1), longest: .seconds(16))

    mutating func reset() {
        ordinary.succeeded()
        refused.succeeded()
    }

    /// - Parameter error: what ended the last attempt; `nil` when a connection ended.
    mutating func next(after error: RedisError?, using generator: inout some RandomNumberGenerator) -> Duration {
        if error?.code == .authenticationFailed { return refused.failed(using: &generator) }
        return ordinary.failed(using: &generator)
    }
}
