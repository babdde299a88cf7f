import Time

/// When a server that ended is started again, as a value.
///
/// What was killed comes back, however often: at once, and after deaths within the last minute with a growing pause. What
/// ends by itself soon after its start, time and again, does not come back: a corrupt file does not heal.
///
/// | deaths within a minute | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 and more |
/// |---|---|---|---|---|---|---|---|---|
/// | pause before the start | none | 100 ms | 200 ms | 400 ms | 800 ms | 1.6 s | 3.2 s | 5 s |
struct RestartPlan: Sendable {
    enum Step: Sendable, Equatable {
        case restart(after: Duration, Announcement)
        case giveUp
    }

    /// What an operator is told of it.
    enum Announcement: Sendable, Equatable {
        case death
        /// Once: it goes on like this.
        case repetition
        case nothing
    }

    static let patience = 6
    private static let shortLife = Duration.seconds(5)
    private static let longestPause = Duration.seconds(5)

    private var deaths: [ContinuousClock.Instant] = []
    /// In a row, by itself, and soon after its start.
    private var vain = 0

    /// - Parameters:
    ///   - isKilled: a signal ended it, not itself.
    ///   - life: since its start.
    mutating func ended(isKilled: Bool, after life: Duration, at now: ContinuousClock.Instant) -> Step {
        deaths = deaths.suffix(16).filter { now - $0 < .seconds(60) } + [now]
        vain = isKilled || life >= Self.shortLife ? 0 : vain + 1
        guard vain < Self.patience else { return .giveUp }
        let announcement: Announcement =
            deaths.count < Self.patience ? .death : deaths.count == Self.patience ? .repetition : .nothing
        guard deaths.count > 1 else { return .restart(after: .zero, announcement) }
        let pause = Backoff.pause(after: deaths.count - 1, first: .milliseconds(100), longest: Self.longestPause)
        return .restart(after: pause, announcement)
    }
}
