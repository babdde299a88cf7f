package import Time

/// The horizontal pod autoscaler on a resource metric: the share of time that workers are busy, as CPU utilization
/// would be; or on a number of jobs a worker.
///
/// Every 15 s: `wanted = ceil(ready · measured / target)`, unless the ratio is within a tenth of 1; workers that are not
/// ready count as idle on the way up; then `HPABehavior`. It is never at zero.
///
/// - Source: Kubernetes `replica_calculator.go` (GetResourceReplicas, GetExternalPerPodMetricReplicas).
package struct HPA: Sendable, Equatable, Codable {
    package enum Metric: String, Sendable, Codable, CaseIterable {
        /// The mean share of ready workers that hold jobs since the last sync.
        case utilization
        /// Waiting and running jobs a worker (`AverageValue`).
        case jobs
    }

    package var metric: Metric
    /// Default 0.8, the 80 % that Kubernetes takes where nothing is said; jobs a worker for `jobs`.
    package var target: Double
    package var behavior: HPABehavior

    package init(metric: Metric = .utilization, target: Double = 0.8, behavior: HPABehavior = HPABehavior()) {
        self.metric = metric
        self.target = target
        self.behavior = behavior
    }

    package struct Memory: AlgorithmMemory {
        var behavior = HPABehavior.Memory()
        var busy = 0.0
        var ready = 0.0
        var wanted: Int?

        package init() {}
    }
}

extension HPA: ScalingAlgorithm {
    package static let name = "hpa"
    package static let summary =
        "Kubernetes' horizontal pod autoscaler: the busy share of the workers, or jobs a worker, against a target, every 15 s."

    /// Where a cluster file has the parameters of `HPABehavior`.
    package static let behaviorSection = "behavior"

    package static let standard = HPA()
    package static let parameters: [Parameter<HPA>] =
        [
            Parameter(
                "metric", \.metric,
                "By what it goes: utilization, the share of time that ready workers are busy; jobs, waiting and running jobs a worker."
            ),
            Parameter(
                "target", \.target, in: 0.001...1e6,
                "What is aimed at: a share for utilization, jobs a worker for jobs."),
        ] + HPABehavior.parameters.map { Parameter($0, of: \.behavior, section: HPA.behaviorSection) }

    package var finding: ParameterFinding? {
        metric == .utilization && target > 1
            ? ParameterFinding("target", "\(target) is no share; with the metric utilization it is 0.001 to 1") : nil
    }

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout Memory) -> PoolWish {
        memory.busy += Double(pool.busy)
        memory.ready += Double(pool.ready)
        let minimum = max(pool.minimum, 1)
        let current = memory.wanted ?? max(pool.total, minimum)
        guard memory.behavior.isDue(at: now, every: behavior.syncPeriod) else { return PoolWish(count: current) }
        behavior.forget(at: now, memory: &memory.behavior)
        var guards: [Guard] = []
        let (wanted, exact) =
            metric == .jobs
            ? fromJobs(pool.ongoing, current: current, statusReplicas: pool.total, guards: &guards)
            : fromUtilization(of: pool, current: current, memory: memory, guards: &guards)
        memory.busy = 0
        memory.ready = 0
        let count = behavior.limited(
            wanted, current: current, minimum: minimum, maximum: pool.maximum, at: now, memory: &memory.behavior,
            guards: &guards)
        memory.wanted = count
        return PoolWish(count: count, exact: exact, guards: guards)
    }

    func fromJobs(
        _ jobs: Double, current: Int, statusReplicas: Int, guards: inout [Guard]
    ) -> (Int, Double) {
        let exact = jobs / max(target, 1e-9)
        let ratio = statusReplicas > 0 ? exact / Double(statusReplicas) : .infinity
        if abs(1 - ratio) <= behavior.tolerance {
            guards.append(Guard(kind: .tolerance, from: Proposals.whole(exact), to: current))
            return (current, exact)
        }
        return (Proposals.whole(exact), exact)
    }

    private func fromUtilization(
        of pool: PoolLoad, current: Int, memory: Memory, guards: inout [Guard]
    ) -> (Int, Double) {
        guard memory.ready > 0, pool.ready > 0 else { return (current, Double(current)) }
        let busy = memory.busy / memory.ready
        var ratio = busy / max(target, 1e-9)
        var counted = Double(pool.ready)
        if ratio > 1, pool.starting > 0 {
            // Those that are not ready count as idle; if that turns the direction, nothing happens.
            counted = Double(pool.total)
            ratio *= Double(pool.ready) / counted
            if ratio < 1 { return (current, counted) }
        }
        let exact = ratio * counted
        if abs(1 - ratio) <= behavior.tolerance {
            guards.append(Guard(kind: .tolerance, from: Proposals.whole(exact), to: current))
            return (current, exact)
        }
        let wanted = Proposals.whole(exact)
        // A ratio below 1 never raises, one above never lowers (missing pods).
        return (ratio < 1 ? min(wanted, current) : max(wanted, current), exact)
    }
}
