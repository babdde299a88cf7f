import Time

/// How long a pool waits after starts that failed: 1 s after the first, twice as long after each further one, at most
/// 16 s or two start-ups, whichever is longer, and 60 s; then as many attempts as there were failures in a row, up to 8,
/// until one becomes ready.
///
/// | failures in a row | 1 | 2 | 3 | 4 | 5 | 6 and more |
/// |---|---|---|---|---|---|---|
/// | wait, start-up of 10 s | 1 s | 2 s | 4 s | 8 s | 16 s | 20 s |
/// | attempts then | 1 | 2 | 3 | 4 | 5 | 6, 7, 8 |
struct StartBackOff: Sendable, Equatable, Codable {
    private(set) var failuresInARow = 0
    private var until: Timestamp?
    private var succeeded: Int?
    private var failed: Int?
    /// Starts that were on their way when one failed: their failures say nothing new.
    private var sameObstacle = 0

    /// Takes note of the pool's counters.
    /// - Parameters: `starting` workers on their way; `startUp` in seconds.
    mutating func observe(
        succeeded nowSucceeded: Int, failed nowFailed: Int, starting: Int, startUp: Double, at now: Timestamp
    ) {
        defer {
            succeeded = nowSucceeded
            failed = nowFailed
        }
        let newFailures = max(nowFailed - (failed ?? 0), 0)
        if nowSucceeded > (succeeded ?? 0) {
            failuresInARow = 0
            until = nil
            sameObstacle = starting
        }
        guard newFailures > 0 else { return }
        let known = min(newFailures, sameObstacle)
        sameObstacle = min(sameObstacle - known, starting)
        // Workers that fail together are one failure: they met the same obstacle.
        guard newFailures > known || failuresInARow == 0 else { return }
        failuresInARow += 1
        sameObstacle = starting
        let longest = Duration.seconds(Int64(min(max(startUp * 2, 16), 60)))
        until =
            now
            + (failuresInARow > 6
                ? longest : Backoff.pause(after: failuresInARow, first: .seconds(1), longest: longest))
    }

    /// The most workers that may be on their way now; `nil`: no bound.
    func startsAllowed(at now: Timestamp) -> Int? {
        guard failuresInARow > 0 else { return nil }
        return remaining(at: now) == nil ? min(failuresInARow, 8) : 0
    }

    /// How long until the next attempt; `nil`: it may be made now.
    func remaining(at now: Timestamp) -> Duration? {
        guard let until, until > now else { return nil }
        return until - now
    }
}
