import Time

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

    package struct Memory: Sendable, Equatable, Codable {
        var behavior = HPABehavior.Memory()
        var lastPoll: Timestamp?
        var lastActive: Timestamp?
        var wanted: Int?
    }
}

extension KEDALag: KnownAlgorithm {
    func wish(for pool: KnownPool, at now: Timestamp, memory: inout Memory) -> KnownWish {
        var current = memory.wanted ?? pool.total
        var wish = KnownWish(count: current)
        let isPoll = memory.lastPoll.map { now - $0 >= pollingInterval } ?? true
        if isPoll {
            memory.lastPoll = now
            let isActive = pool.waiting > activationLagCount
            if isActive { memory.lastActive = now }
            if isActive, current == 0 {
                current = max(pool.minimum, 1)
                wish = KnownWish(count: current, exact: 1)
            } else if !isActive, pool.minimum == 0, current > 0 {
                // Seconds since the last active poll; a start without any counts from the first poll.
                if memory.lastActive == nil { memory.lastActive = now }
                if let lastActive = memory.lastActive, now - lastActive > cooldownPeriod {
                    current = 0
                    memory.behavior = HPABehavior.Memory()
                    wish = KnownWish(count: 0, exact: 0)
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
