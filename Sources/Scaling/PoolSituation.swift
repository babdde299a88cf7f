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
        let startUp =
            observation.startUp ?? StartUpTime(median: policy.assumedStartUp, slow: policy.assumedStartUp)
        self.startUp = startUp
        let median = max(startUp.median.inSeconds, 0)
        let slow = max(startUp.slow.inSeconds, median)
        plannedStart = max(slow + max(slow - median, median * 0.1), min(slowest * 1.05, slow * 4))
        startingRemaining = observation.starting.map { age in Self.remaining(age: age.inSeconds, median: median) }
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

    /// Seconds that a worker of this age still needs: the rest of the median; beyond it half as long as it is overdue,
    /// since a start that is late by much will be late by more.
    static func remaining(age: Double, median: Double) -> Double {
        age <= median ? median - age : (age - median) / 2
    }
}
