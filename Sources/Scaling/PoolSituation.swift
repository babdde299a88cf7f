import Time

/// One pool at the moment of a decision: what it has, what it may have, how long a start takes.
struct PoolSituation {
    let policy: PoolPolicy
    let observation: PoolObservation
    let startUp: StartUpTime
    /// Seconds that a start is planned to take at most: as far above the slow start as that is above the median, and no
    /// less than the slowest of late.
    let plannedStart: Double
    /// Seconds until each starting worker is expected to be ready.
    let startingRemaining: [Double]
    /// The most workers that it can come to now: its maximum, less while starts fail, what is there while it is unavailable.
    let reachable: Int

    var ready: Int { observation.ready }
    var starting: Int { observation.starting.count }
    /// Whether a worker can run there at all. Those that work do so while new ones cannot be started.
    var isUsable: Bool { policy.maximum > 0 && (observation.unavailable == nil || total > 0) }
    /// Workers that work now or will.
    var total: Int { ready + starting }

    /// - Parameter slowest: seconds of the slowest start of late.
    init(policy: PoolPolicy, observation: PoolObservation, startsAllowed: Int?, slowest: Double) {
        self.policy = policy
        self.observation = observation
        let startUp = observation.startUp ?? Self.assumed(policy.assumedStartUp, starting: observation.starting)
        self.startUp = startUp
        let median = max(startUp.median.inSeconds, 0)
        let slow = max(startUp.slow.inSeconds, median)
        plannedStart = max(slow + max(slow - median, median * 0.1), min(slowest * 1.05, slow * 4))
        startingRemaining = observation.starting.map { age in Self.remaining(age: age.inSeconds, start: median) }
        if observation.unavailable != nil {
            reachable = min(policy.maximum, observation.ready + observation.starting.count)
        } else if let startsAllowed {
            reachable = min(policy.maximum, observation.ready + max(startsAllowed, observation.starting.count))
        } else {
            reachable = policy.maximum
        }
    }

    /// The most workers that it can come to if all money that is left, per hour, goes to it.
    func affordable(with money: Double?) -> Int {
        guard let money, policy.pricePerHour > 0 else { return .max }
        return total + Int(min((money / policy.pricePerHour + 1e-9).rounded(.down), 1_000_000))
    }

    /// How long a start takes where none was ever seen to end: as assumed, until one that is twice as old says that it takes
    /// as long as that at least.
    private static func assumed(_ assumed: Duration, starting: [Duration]) -> StartUpTime {
        let oldest = starting.max() ?? .zero
        let startUp = oldest > assumed * 2 ? oldest : assumed
        return StartUpTime(median: startUp, slow: startUp)
    }

    /// Seconds that a worker of this age still needs: the rest of the time that a start takes; beyond it half as long as it
    /// is overdue, since a start that is late by much will be late by more. Never more than a start from now on would need:
    /// a late start is not a lost one, and another is no faster.
    ///
    /// | age of a start that takes 10 s | 0 | 8 s | 14 s | 30 s | 2 min |
    /// |---|---|---|---|---|---|
    /// | remaining | 10 s | 2 s | 2 s | 10 s | 10 s |
    static func remaining(age: Double, start: Double) -> Double {
        age <= start ? start - age : min((age - start) / 2, start)
    }
}
