import Time

/// How long a pool waits after starts that failed: 1 s after the first, twice as long after each further one, at most
/// 60 s; after the wait one worker at a time, until one becomes ready.
///
/// | failures in a row | 1 | 2 | 3 | 4 | 5 | 6 | 7 and more |
/// |---|---|---|---|---|---|---|---|
/// | wait | 1 s | 2 s | 4 s | 8 s | 16 s | 32 s | 60 s |
struct StartBackOff: Sendable, Equatable, Codable {
    private(set) var failuresInARow = 0
    private var until: Timestamp?
    private var succeeded: Int?
    private var failed: Int?

    /// Takes note of the pool's counters.
    mutating func observe(succeeded nowSucceeded: Int, failed nowFailed: Int, at now: Timestamp) {
        defer {
            succeeded = nowSucceeded
            failed = nowFailed
        }
        let newFailures = max(nowFailed - (failed ?? 0), 0)
        if nowSucceeded > (succeeded ?? 0) {
            failuresInARow = 0
            until = nil
        }
        guard newFailures > 0 else { return }
        // Workers that fail together are one failure: they met the same obstacle.
        failuresInARow += 1
        let seconds = failuresInARow > 6 ? 60 : 1 << (failuresInARow - 1)
        until = now + .seconds(seconds)
    }

    /// The most workers that may be on their way now; `nil`: no bound.
    func startsAllowed(at now: Timestamp) -> Int? {
        guard failuresInARow > 0 else { return nil }
        return remaining(at: now) == nil ? 1 : 0
    }

    /// How long until the next attempt; `nil`: it may be made now.
    func remaining(at now: Timestamp) -> Duration? {
        guard let until, until > now else { return nil }
        return until - now
    }
}
