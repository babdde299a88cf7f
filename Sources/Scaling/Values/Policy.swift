import Time

/// What an operator sets; everything else is measured.
package struct Policy: Sendable, Equatable, Codable {
    /// The wait that the scaler tries to keep jobs below. Default 1 s. Shorter starts more workers in a burst.
    package var targetWait: Duration
    /// Share of a worker's time that is planned to be busy, above 0 to 1. Default 0.8. Nearer to 1 is cheaper and
    /// takes up fewer bursts.
    package var targetUtilization: Double
    /// How long fewer workers must have been enough before one is drained. Default `nil`: three times the pool's
    /// slow start-up time, at least 10 s, so that holding an idle worker costs about what starting it again would.
    package var scaleInWindow: Duration?
    /// Data older than this is missing. Default 2 s.
    package var staleAfter: Duration
    /// Time constants of the two averages of the arrival rate; the higher one counts. Default 3 s: a step is
    /// nine tenths known after 7 s.
    package var fastRate: Duration
    /// Default 60 s: remembers through a lull.
    package var slowRate: Duration
    /// Money that all workers together may cost in an hour. Never exceeded; what is given up for it is said in the
    /// decision. Default `nil`: no bound.
    package var budgetPerHour: Double?
    /// Who decides. Default `spate`; the settings above are its own, the others bring theirs.
    package var algorithm: Algorithm
    package var models: [ModelPolicy]
    package var pools: [PoolPolicy]

    package init(
        targetWait: Duration = .seconds(1), targetUtilization: Double = 0.8, scaleInWindow: Duration? = nil,
        staleAfter: Duration = .seconds(2), fastRate: Duration = .seconds(3), slowRate: Duration = .seconds(60),
        budgetPerHour: Double? = nil, algorithm: Algorithm = .spate, models: [ModelPolicy], pools: [PoolPolicy]
    ) {
        self.targetWait = targetWait
        self.targetUtilization = targetUtilization
        self.scaleInWindow = scaleInWindow
        self.staleAfter = staleAfter
        self.fastRate = fastRate
        self.slowRate = slowRate
        self.budgetPerHour = budgetPerHour
        self.algorithm = algorithm
        self.models = models
        self.pools = pools
    }

    /// What an older recording lacks has its default.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        targetWait = try values.decode(Duration.self, forKey: .targetWait)
        targetUtilization = try values.decode(Double.self, forKey: .targetUtilization)
        scaleInWindow = try values.decodeIfPresent(Duration.self, forKey: .scaleInWindow)
        staleAfter = try values.decode(Duration.self, forKey: .staleAfter)
        fastRate = try values.decode(Duration.self, forKey: .fastRate)
        slowRate = try values.decode(Duration.self, forKey: .slowRate)
        budgetPerHour = try values.decodeIfPresent(Double.self, forKey: .budgetPerHour)
        algorithm = try values.decodeIfPresent(Algorithm.self, forKey: .algorithm) ?? .spate
        models = try values.decode([ModelPolicy].self, forKey: .models)
        pools = try values.decode([PoolPolicy].self, forKey: .pools)
    }

    /// The window of a pool whose start-up takes `startUp`.
    ///
    /// - Source: ski rental: to keep something for as long as buying it again would cost is never worse than twice
    ///   the optimum; three times, because a start also makes jobs wait.
    func window(startUp: StartUpTime) -> Duration { scaleInWindow ?? max(.seconds(10), startUp.slow * 3) }
}
