package import Time

/// Ray Serve's autoscaling on ongoing requests, queued ones included (its policy for asynchronous tasks).
///
/// The mean of the last 30 s, sampled every 10 s, divided by 2 a worker; more are started when that has been wanted for
/// 30 s, fewer are kept when it has for 600 s. At zero any job starts one at once.
///
/// - Source: Ray `autoscaling_policy.py`, `AutoscalingConfig`.
package struct RayServe: Sendable, Equatable, Codable {
    /// Default 2.
    package var targetOngoingRequests: Double
    /// Default 10 s.
    package var metricsInterval: Duration
    /// Default 30 s.
    package var lookBackPeriod: Duration
    /// Default 30 s.
    package var upscaleDelay: Duration
    /// Default 600 s.
    package var downscaleDelay: Duration
    /// Share of the distance that is made. Default 1.
    package var upscalingFactor: Double
    package var downscalingFactor: Double

    package init(
        targetOngoingRequests: Double = 2, metricsInterval: Duration = .seconds(10),
        lookBackPeriod: Duration = .seconds(30), upscaleDelay: Duration = .seconds(30),
        downscaleDelay: Duration = .seconds(600), upscalingFactor: Double = 1, downscalingFactor: Double = 1
    ) {
        self.targetOngoingRequests = targetOngoingRequests
        self.metricsInterval = metricsInterval
        self.lookBackPeriod = lookBackPeriod
        self.upscaleDelay = upscaleDelay
        self.downscaleDelay = downscaleDelay
        self.upscalingFactor = upscalingFactor
        self.downscalingFactor = downscalingFactor
    }

    package struct Memory: AlgorithmMemory {
        struct Sample: Sendable, Equatable, Codable {
            var at: Timestamp
            var ongoing: Double
        }
        var samples: [Sample] = []
        var moreSince: Timestamp?
        var fewerSince: Timestamp?
        var wanted: Int?

        package init() {}
    }
}

extension RayServe: ScalingAlgorithm {
    package static let name = "ray"
    package static let summary =
        "Ray Serve's policy: jobs in the system a worker, by a mean of 30 s; slow on the way down."

    package static let standard = RayServe()
    package static let parameters: [Parameter<RayServe>] = [
        Parameter(
            "target_ongoing_requests", \.targetOngoingRequests, in: 0.001...1e6, unit: "jobs",
            "Jobs in the system a worker."),
        Parameter("metrics_interval", \.metricsInterval, in: .period, "Time between two samples."),
        Parameter("look_back_period", \.lookBackPeriod, in: .period, "Span of the mean."),
        Parameter("upscale_delay", \.upscaleDelay, in: .span, "How long more must have been wanted."),
        Parameter("downscale_delay", \.downscaleDelay, in: .span, "How long fewer must have been enough."),
        Parameter(
            "upscaling_factor", \.upscalingFactor, in: 0.001...1_000,
            "Share of the distance that is made at once on the way up."),
        Parameter(
            "downscaling_factor", \.downscalingFactor, in: 0.001...1_000,
            "Share of the distance that is made at once on the way down."),
    ]

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish {
        if memory.samples.last.map({ now - $0.at >= metricsInterval }) ?? true {
            memory.samples.removeAll { now - $0.at >= lookBackPeriod }
            memory.samples.append(.init(at: now, ongoing: pool.ongoing))
        }
        let current = memory.wanted ?? pool.total
        if current == 0, pool.ongoing > 0 {
            let count = max(Int(upscalingFactor.rounded(.up)), 1)
            memory.wanted = count
            memory.moreSince = nil
            return PoolWish(count: count, exact: upscalingFactor)
        }
        let mean = memory.samples.reduce(0) { $0 + $1.ongoing } / Double(max(memory.samples.count, 1))
        let exact = mean / max(targetOngoingRequests, 1e-9)
        let factor = exact > Double(current) ? upscalingFactor : downscalingFactor
        var desired = Proposals.whole(Double(current) + factor * (exact - Double(current)))
        // A factor below one must not stick at one above the target.
        if factor < 1, exact < Double(current), desired == current { desired = max(current - 1, 0) }
        desired = min(max(desired, pool.minimum), pool.maximum)
        let held = hold(desired, current: current, at: now, memory: &memory)
        memory.wanted = held
        return PoolWish(
            count: held, exact: exact,
            guards: held == desired ? [] : [Guard(kind: .stabilization, from: desired, to: held)])
    }

    private func hold(_ desired: Int, current: Int, at now: Timestamp, memory: inout Memory) -> Int {
        if desired > current {
            memory.fewerSince = nil
            let since = memory.moreSince ?? now
            memory.moreSince = since
            guard now - since >= upscaleDelay else { return current }
        } else if desired < current {
            memory.moreSince = nil
            let since = memory.fewerSince ?? now
            memory.fewerSince = since
            guard now - since >= downscaleDelay else { return current }
        }
        memory.moreSince = nil
        memory.fewerSince = nil
        return desired
    }
}
