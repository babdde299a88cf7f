import Time

/// How the horizontal pod autoscaler slows down what its metric asks for: stabilisation windows, then rate caps.
///
/// | wanted | start at 1, defaults, every 15 s |
/// |---|---|
/// | 80 | 5 (4 pods), 10 (100 %), 20, 40, 80 |
///
/// - Source: Kubernetes `horizontal.go`, `stabilizeRecommendationWithBehaviors` and
///   `convertDesiredReplicasWithBehaviorRate`; defaults of autoscaling/v2.
package struct HPABehavior: Sendable, Equatable, Codable {
    /// A ratio this near to 1 changes nothing. Default 0.1.
    package var tolerance: Double
    /// Default 15 s.
    package var syncPeriod: Duration
    /// The lowest recommendation of this time counts on the way up. Default zero.
    package var scaleUpStabilizationWindow: Duration
    /// The highest one counts on the way down. Default 300 s.
    package var scaleDownStabilizationWindow: Duration
    /// In one period at most this much more, in percent of what there was at its start. Default 100.
    package var scaleUpPercent: Double
    /// Or so many pods, whichever is more. Default 4.
    package var scaleUpPods: Int
    /// Default 15 s.
    package var scaleUpPeriod: Duration
    /// Default 100.
    package var scaleDownPercent: Double
    /// Default 15 s.
    package var scaleDownPeriod: Duration

    package init(
        tolerance: Double = 0.1, syncPeriod: Duration = .seconds(15), scaleUpStabilizationWindow: Duration = .zero,
        scaleDownStabilizationWindow: Duration = .seconds(300), scaleUpPercent: Double = 100, scaleUpPods: Int = 4,
        scaleUpPeriod: Duration = .seconds(15), scaleDownPercent: Double = 100,
        scaleDownPeriod: Duration = .seconds(15)
    ) {
        self.tolerance = tolerance
        self.syncPeriod = syncPeriod
        self.scaleUpStabilizationWindow = scaleUpStabilizationWindow
        self.scaleDownStabilizationWindow = scaleDownStabilizationWindow
        self.scaleUpPercent = scaleUpPercent
        self.scaleUpPods = scaleUpPods
        self.scaleUpPeriod = scaleUpPeriod
        self.scaleDownPercent = scaleDownPercent
        self.scaleDownPeriod = scaleDownPeriod
    }

    /// Recommendations and changes that still count.
    struct Memory: Sendable, Equatable, Codable {
        struct Entry: Sendable, Equatable, Codable {
            var at: Timestamp
            var count: Int
        }

        var recommendations: [Entry] = []
        var added: [Entry] = []
        var removed: [Entry] = []
        var lastSync: Timestamp?

        /// Whether a sync is due; notes it.
        mutating func isDue(at now: Timestamp, every period: Duration) -> Bool {
            if let lastSync, now - lastSync < period { return false }
            lastSync = now
            return true
        }
    }

    /// The count that may be set now when the metric asks for `wanted`.
    func limited(
        _ wanted: Int, current: Int, minimum: Int, maximum: Int, at now: Timestamp, memory: inout Memory,
        guards: inout [Guard]
    ) -> Int {
        let stable = stabilized(wanted, current: current, at: now, memory: &memory)
        if stable != wanted { guards.append(Guard(kind: .stabilization, from: wanted, to: stable)) }
        let capped = rateCapped(stable, current: current, at: now, memory: memory)
        if capped != stable { guards.append(Guard(kind: .rateCap, from: stable, to: capped)) }
        let result = min(max(capped, minimum), maximum)
        if result != capped {
            guards.append(Guard(kind: result > capped ? .minimum : .maximum, from: capped, to: result))
        }
        if result > current { memory.added.append(.init(at: now, count: result - current)) }
        if result < current { memory.removed.append(.init(at: now, count: current - result)) }
        return result
    }

    private func stabilized(_ wanted: Int, current: Int, at now: Timestamp, memory: inout Memory) -> Int {
        let longest = max(scaleUpStabilizationWindow, scaleDownStabilizationWindow)
        // The controller begins with what it finds as a recommendation.
        if memory.recommendations.isEmpty { memory.recommendations.append(.init(at: now, count: current)) }
        memory.recommendations.removeAll { now - $0.at >= max(longest, syncPeriod) }
        memory.recommendations.append(.init(at: now, count: wanted))
        var lowest = wanted
        var highest = wanted
        for entry in memory.recommendations {
            if now - entry.at < scaleUpStabilizationWindow { lowest = min(lowest, entry.count) }
            if now - entry.at < scaleDownStabilizationWindow { highest = max(highest, entry.count) }
        }
        return min(max(current, lowest), highest)
    }

    private func rateCapped(_ wanted: Int, current: Int, at now: Timestamp, memory: Memory) -> Int {
        func sum(_ entries: [Memory.Entry], _ period: Duration) -> Int {
            entries.reduce(0) { now - $1.at < period ? $0 + $1.count : $0 }
        }
        if wanted > current {
            let start = current - sum(memory.added, scaleUpPeriod) + sum(memory.removed, scaleUpPeriod)
            let byPercent = (Double(start) * (1 + scaleUpPercent / 100)).rounded(.up)
            return min(wanted, max(start + scaleUpPods, Int(min(byPercent, 1e9)), current))
        }
        if wanted < current {
            let start = current - sum(memory.added, scaleDownPeriod) + sum(memory.removed, scaleDownPeriod)
            let limit = Int((Double(start) * (1 - scaleDownPercent / 100)).rounded(.down))
            return max(wanted, min(limit, current))
        }
        return wanted
    }

    /// Forgets changes that no period looks back to.
    func forget(at now: Timestamp, memory: inout Memory) {
        memory.added.removeAll { now - $0.at >= max(scaleUpPeriod, scaleDownPeriod) }
        memory.removed.removeAll { now - $0.at >= max(scaleUpPeriod, scaleDownPeriod) }
    }
}

extension HPABehavior: Parameterized {
    package static let standard = HPABehavior()
    package static let parameters: [Parameter<HPABehavior>] = [
        Parameter("tolerance", \.tolerance, in: 0...1, "A ratio this near to 1 changes nothing."),
        Parameter("sync_period", \.syncPeriod, in: .period, "Time between two of its looks."),
        Parameter(
            "scale_up_stabilization_window", \.scaleUpStabilizationWindow, in: .span,
            "The lowest recommendation of this time counts on the way up."),
        Parameter(
            "scale_down_stabilization_window", \.scaleDownStabilizationWindow, in: .span,
            "The highest recommendation of this time counts on the way down."),
        Parameter(
            "scale_up_percent", \.scaleUpPercent, in: 0...1e6, unit: "percent",
            "In one period at most so much more than at its start."),
        Parameter(
            "scale_up_pods", \.scaleUpPods, in: 0...10_000, unit: "workers",
            "Or so many workers more, whichever is more."),
        Parameter("scale_up_period", \.scaleUpPeriod, in: .period, "That period on the way up."),
        Parameter(
            "scale_down_percent", \.scaleDownPercent, in: 0...100, unit: "percent",
            "In one period at most so much less than at its start."),
        Parameter("scale_down_period", \.scaleDownPeriod, in: .period, "That period on the way down."),
    ]
}
