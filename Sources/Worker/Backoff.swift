/// Waits between attempts to reach a queue that does not answer: doubling, with a ceiling.
///
/// | failures in a row | wait |
/// |---|---|
/// | 1 | 50 ms |
/// | 2 | 100 ms |
/// | 5 | 800 ms |
/// | 7 and more | 2 s |
struct Backoff: Sendable {
    private(set) var failures = 0

    mutating func failed() -> Duration {
        failures += 1
        return min(.seconds(2), .milliseconds(50) * (1 << min(failures - 1, 10)))
    }

    mutating func succeeded() { failures = 0 }
}
