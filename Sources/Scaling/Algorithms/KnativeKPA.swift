import Time

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

    package struct Memory: Sendable, Equatable, Codable {
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
    }

    /// Jobs a worker that are aimed at: 70 by default.
    var target: Double { max(0.01, targetUtilization * (containerConcurrency > 0 ? containerConcurrency : 100)) }
}

extension KnativeKPA: KnownAlgorithm {
    func wish(for pool: KnownPool, at now: Timestamp, memory: inout Memory) -> KnownWish {
        note(pool.ongoing, at: now, memory: &memory)
        let current = memory.wanted ?? pool.total
        if current == 0, pool.ongoing > 0 {
            // The activator pokes at once.
            memory.wanted = 1
            memory.lastTick = now
            memory.idleSince = nil
            return KnownWish(count: 1, exact: pool.ongoing / target)
        }
        if let lastTick = memory.lastTick, now - lastTick < tickInterval { return KnownWish(count: current) }
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

    private func scaled(for pool: KnownPool, current: Int, at now: Timestamp, memory: inout Memory) -> KnownWish {
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
        guard memory.panicSince != nil else { return KnownWish(count: wantedStable, exact: stable / target) }
        let proposed = max(wantedStable, wantedShort)
        memory.panicMost = max(memory.panicMost, proposed)
        var wish = KnownWish(count: memory.panicMost, exact: max(stable, short) / target)
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
