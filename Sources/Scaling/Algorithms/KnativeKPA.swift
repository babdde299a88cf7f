package import Time

/// Knative's pod autoscaler on concurrency: jobs in the system against a target a worker, over a stable window and a
/// short one that starts a panic.
///
/// Every 2 s: `ceil(mean / target)`, at most 1,000 times and at least half of the ready ones. When the mean of the short
/// window needs twice the ready workers, it panics: until a stable window after the last such moment it never goes down.
/// To zero after a stable window without anything and 30 s more.
///
/// - Source: Knative serving `autoscaler.go`, `kpa/scaler.go`, config-autoscaler.
package struct KnativeKPA: Sendable, Equatable, Codable {
    /// Jobs that a worker is meant to hold at once; 0: 100 are taken. Default 0.
    package var containerConcurrency: Double
    /// Default 0.7.
    package var targetUtilization: Double
    /// Default 60 s.
    package var stableWindow: Duration
    /// Share of the stable window. Default 0.1.
    package var panicWindowShare: Double
    /// Panics when the short window needs so many times the ready workers. Default 2.
    package var panicThreshold: Double
    /// Default 1,000.
    package var maximumScaleUpRate: Double
    /// Default 2.
    package var maximumScaleDownRate: Double
    /// Default 30 s.
    package var scaleToZeroGracePeriod: Duration
    /// Default 2 s.
    package var tickInterval: Duration

    package init(
        containerConcurrency: Double = 0, targetUtilization: Double = 0.7, stableWindow: Duration = .seconds(60),
        panicWindowShare: Double = 0.1, panicThreshold: Double = 2, maximumScaleUpRate: Double = 1_000,
        maximumScaleDownRate: Double = 2, scaleToZeroGracePeriod: Duration = .seconds(30),
        tickInterval: Duration = .seconds(2)
    ) {
        self.containerConcurrency = containerConcurrency
        self.targetUtilization = targetUtilization
        self.stableWindow = stableWindow
        self.panicWindowShare = panicWindowShare
        self.panicThreshold = panicThreshold
        self.maximumScaleUpRate = maximumScaleUpRate
        self.maximumScaleDownRate = maximumScaleDownRate
        self.scaleToZeroGracePeriod = scaleToZeroGracePeriod
        self.tickInterval = tickInterval
    }

    package struct Memory: AlgorithmMemory {
        /// The mean of one second.
        struct Bucket: Sendable, Equatable, Codable {
            var second: Int64
            var sum: Double
            var count: Double
        }
        var buckets: [Bucket] = []
        var lastTick: Timestamp?
        /// When the panic was last renewed; `nil`: calm.
        var panicSince: Timestamp?
        var panicMost = 0
        var idleSince: Timestamp?
        var wanted: Int?

        package init() {}
    }

    /// Jobs a worker that are aimed at: 70 by default.
    var target: Double { max(0.01, targetUtilization * (containerConcurrency > 0 ? containerConcurrency : 100)) }
}

extension KnativeKPA: ScalingAlgorithm {
    package static let name = "knative-kpa"
    package static let summary =
        "Knative's pod autoscaler on concurrency: jobs in the system a worker, by a mean of 60 s and one of 6 s."

    package static let standard = KnativeKPA()
    package static let parameters: [Parameter<KnativeKPA>] = [
        Parameter(
            "container_concurrency", \.containerConcurrency, in: 0...1e6, unit: "jobs",
            "Jobs in the system that a worker may have; 0: no limit, and 100 are taken."),
        Parameter(
            "target_utilization", \.targetUtilization, in: 0.01...1,
            "The share of container_concurrency that is aimed at."),
        Parameter("stable_window", \.stableWindow, in: .period, "Span of the longer mean."),
        Parameter(
            "panic_window_share", \.panicWindowShare, in: 0.01...1, "Span of the shorter mean, of the stable window."),
        Parameter(
            "panic_threshold", \.panicThreshold, in: 1...1_000,
            "Panics when the shorter mean needs so many times the ready workers, and then does not go down."),
        Parameter(
            "maximum_scale_up_rate", \.maximumScaleUpRate, in: 1.01...1e6, "At most so many times the ready workers."),
        Parameter(
            "maximum_scale_down_rate", \.maximumScaleDownRate, in: 1.01...1e6,
            "At least the ready workers divided by so much."),
        Parameter(
            "scale_to_zero_grace_period", \.scaleToZeroGracePeriod, in: .span,
            "How long the last worker stays after a stable window without jobs."),
        Parameter("tick_interval", \.tickInterval, in: .period, "Time between two of its looks."),
    ]

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish {
        note(pool.ongoing, at: now, memory: &memory)
        let current = memory.wanted ?? pool.total
        if current == 0, pool.ongoing > 0 {
            // The activator pokes at once.
            memory.wanted = 1
            memory.lastTick = now
            memory.idleSince = nil
            return PoolWish(count: 1, exact: pool.ongoing / target)
        }
        if let lastTick = memory.lastTick, now - lastTick < tickInterval { return PoolWish(count: current) }
        memory.lastTick = now
        var wish = scaled(for: pool, current: current, at: now, memory: &memory)
        if wish.count == 0, current > 0 {
            let idleSince = memory.idleSince ?? now
            memory.idleSince = idleSince
            if now - idleSince < scaleToZeroGracePeriod {
                wish.guards.append(Guard(kind: .stabilization, from: 0, to: 1))
                wish.count = 1
            }
        } else {
            memory.idleSince = nil
        }
        memory.wanted = wish.count
        return wish
    }

    private func scaled(for pool: PoolLoad, current: Int, at now: Timestamp, memory: inout Memory) -> PoolWish {
        let stable = mean(of: stableWindow, at: now, memory: memory)
        let short = mean(of: .microseconds(stableWindow.seconds * panicWindowShare * 1e6), at: now, memory: memory)
        let ready = max(pool.ready, 1)
        let up = (maximumScaleUpRate * Double(ready)).rounded(.up)
        let down = (Double(ready) / max(maximumScaleDownRate, 1)).rounded(.down)
        func bounded(_ observed: Double) -> Int { Int(min(max((observed / target).rounded(.up), down), up)) }
        let wantedStable = bounded(stable)
        let wantedShort = bounded(short)
        if (short / target).rounded(.up) / Double(ready) >= panicThreshold {
            if memory.panicSince == nil { memory.panicMost = 0 }
            memory.panicSince = now
        } else if let since = memory.panicSince, now - since > stableWindow {
            memory.panicSince = nil
            memory.panicMost = 0
        }
        guard memory.panicSince != nil else { return PoolWish(count: wantedStable, exact: stable / target) }
        let proposed = max(wantedStable, wantedShort)
        memory.panicMost = max(memory.panicMost, proposed)
        var wish = PoolWish(count: memory.panicMost, exact: max(stable, short) / target)
        if memory.panicMost > proposed {
            wish.guards.append(Guard(kind: .stabilization, from: proposed, to: memory.panicMost))
        }
        return wish
    }

    private func note(_ concurrency: Double, at now: Timestamp, memory: inout Memory) {
        let second = now.microseconds / 1_000_000
        if let last = memory.buckets.indices.last, memory.buckets[last].second == second {
            memory.buckets[last].sum += concurrency
            memory.buckets[last].count += 1
        } else {
            let oldest = second - stableWindow.wholeMicroseconds / 1_000_000
            memory.buckets.removeAll { $0.second <= oldest }
            memory.buckets.append(.init(second: second, sum: concurrency, count: 1))
        }
    }

    private func mean(of window: Duration, at now: Timestamp, memory: Memory) -> Double {
        let oldest = (now - window).microseconds / 1_000_000
        var sum = 0.0
        var count = 0.0
        for bucket in memory.buckets.reversed() {
            guard bucket.second > oldest else { break }
            sum += bucket.sum / bucket.count
            count += 1
        }
        return count > 0 ? sum / count : 0
    }
}
