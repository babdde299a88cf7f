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
    package var models: [ModelPolicy]
    package var pools: [PoolPolicy]

    package init(
        targetWait: Duration = .seconds(1), targetUtilization: Double = 0.8, scaleInWindow: Duration? = nil,
        staleAfter: Duration = .seconds(2), fastRate: Duration = .seconds(3), slowRate: Duration = .seconds(60),
        models: [ModelPolicy], pools: [PoolPolicy]
    ) {
        self.targetWait = targetWait
        self.targetUtilization = targetUtilization
        self.scaleInWindow = scaleInWindow
        self.staleAfter = staleAfter
        self.fastRate = fastRate
        self.slowRate = slowRate
        self.models = models
        self.pools = pools
    }

    /// The window of a pool whose start-up takes `startUp`.
    ///
    /// - Source: ski rental: to keep something for as long as buying it again would cost is never worse than twice
    ///   the optimum; three times, because a start also makes jobs wait.
    func window(startUp: StartUpTime) -> Duration { scaleInWindow ?? max(.seconds(10), startUp.slow * 3) }
}

package struct ModelPolicy: Sendable, Equatable, Codable {
    /// As in `ModelObservation.name`.
    package var name: String
    /// Pools that may serve it, in order of preference.
    package var pools: [String]
    /// Rows of a full batch.
    package var maximumRows: Int
    /// Planned with until a worker has measured.
    package var assumedCost: ServiceCost

    package init(
        name: String, pools: [String], maximumRows: Int = 64,
        assumedCost: ServiceCost = ServiceCost(fixed: .milliseconds(5), perRow: .milliseconds(5))
    ) {
        self.name = name
        self.pools = pools
        self.maximumRows = max(maximumRows, 1)
        self.assumedCost = assumedCost
    }
}

package struct PoolPolicy: Sendable, Equatable, Codable {
    package var name: String
    /// Workers that stay when there is no work.
    package var minimum: Int
    /// Zero switches the pool off.
    package var maximum: Int
    /// Money per worker and hour.
    package var pricePerHour: Double
    /// Planned with until a worker became ready. Default 1 s.
    package var assumedStartUp: Duration

    package init(
        name: String, minimum: Int = 0, maximum: Int, pricePerHour: Double = 0, assumedStartUp: Duration = .seconds(1)
    ) {
        self.name = name
        self.maximum = max(maximum, 0)
        self.minimum = min(max(minimum, 0), self.maximum)
        self.pricePerHour = pricePerHour
        self.assumedStartUp = assumedStartUp
    }
}
