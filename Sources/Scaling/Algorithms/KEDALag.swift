package import Time

/// KEDA's redis-streams scaler on `lagCount`, with the HPA that it makes.
///
/// Polls every 30 s: from zero to one (or the minimum) when more jobs wait than the activation threshold; to zero when
/// none has for the cool-down. Between one and many the HPA asks every 15 s for `ceil(lag / lagCount)`.
///
/// - Source: KEDA `redis_streams_scaler.go` (lag of XINFO GROUPS: entries not delivered), `scale_scaledobjects.go`.
package struct KEDALag: Sendable, Equatable, Codable {
    /// Waiting jobs a worker. Default 5.
    package var lagCount: Double
    /// Default 0.
    package var activationLagCount: Double
    /// Default 30 s.
    package var pollingInterval: Duration
    /// Default 300 s.
    package var cooldownPeriod: Duration
    package var behavior: HPABehavior

    package init(
        lagCount: Double = 5, activationLagCount: Double = 0, pollingInterval: Duration = .seconds(30),
        cooldownPeriod: Duration = .seconds(300), behavior: HPABehavior = HPABehavior()
    ) {
        self.lagCount = lagCount
        self.activationLagCount = activationLagCount
        self.pollingInterval = pollingInterval
        self.cooldownPeriod = cooldownPeriod
        self.behavior = behavior
    }

    package struct Memory: AlgorithmMemory {
        var behavior = HPABehavior.Memory()
        var lastPoll: Timestamp?
        var lastActive: Timestamp?
        var wanted: Int?

        package init() {}
    }
}

extension KEDALag: ScalingAlgorithm {
    package static let name = "keda-lag"
    package static let summary =
        "KEDA's redis-streams scaler with the HPA that it makes: waiting jobs a worker, polled every 30 s."

    package static let standard = KEDALag()
    package static let parameters: [Parameter<KEDALag>] =
        [
            Parameter("lag_count", \.lagCount, in: 0.001...1e9, unit: "jobs", "Waiting jobs a worker."),
            Parameter(
                "activation_lag_count", \.activationLagCount, in: 0...1e9, unit: "jobs",
                "More than so many waiting jobs wake a pool at zero."),
            Parameter("polling_interval", \.pollingInterval, in: .period, "Time between two polls."),
            Parameter(
                "cooldown_period", \.cooldownPeriod, in: .span,
                "How long nothing must have waited before it is at zero."),
        ] + HPABehavior.parameters.map { Parameter($0, of: \.behavior, section: HPA.behaviorSection) }

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish {
        var current = memory.wanted ?? pool.total
        var wish = PoolWish(count: current)
        let isPoll = memory.lastPoll.map { now - $0 >= pollingInterval } ?? true
        if isPoll {
            memory.lastPoll = now
            let isActive = pool.waiting > activationLagCount
            if isActive { memory.lastActive = now }
            if isActive, current == 0 {
                current = max(pool.minimum, 1)
                wish = PoolWish(count: current, exact: 1)
            } else if !isActive, pool.minimum == 0, current > 0 {
                // Seconds since the last active poll; a start without any counts from the first poll.
                if memory.lastActive == nil { memory.lastActive = now }
                if let lastActive = memory.lastActive, now - lastActive > cooldownPeriod {
                    current = 0
                    memory.behavior = HPABehavior.Memory()
                    wish = PoolWish(count: 0, exact: 0)
                }
            }
        }
        if current > 0, memory.behavior.isDue(at: now, every: behavior.syncPeriod) {
            behavior.forget(at: now, memory: &memory.behavior)
            let hpa = HPA(metric: .jobs, target: lagCount, behavior: behavior)
            let (wanted, exact) = hpa.fromJobs(
                pool.waiting, current: current, statusReplicas: pool.total, guards: &wish.guards)
            current = behavior.limited(
                wanted, current: current, minimum: max(pool.minimum, 1), maximum: pool.maximum, at: now,
                memory: &memory.behavior, guards: &wish.guards)
            wish.count = current
            wish.exact = exact
        }
        memory.wanted = current
        return wish
    }
}
