package import Scaling
import Time

/// Finds the cheapest parameters of the default policy that meet an objective on every given scenario.
///
/// First the grid of deadlines that the policy is told and of target utilizations, then, around the best of it, target
/// waits, scale-in windows and minimum counts, then utilization once more in finer steps. Each point is a simulation of every scenario; the cheapest that
/// meets the objective on all of them wins, or, where none does, the one that comes nearest.
package struct PolicySearch: Sendable {
    package struct Candidate: Sendable, Codable {
        /// Seconds that the policy is told to keep; `nil`: none.
        package var deadline: Double?
        package var targetUtilization: Double
        /// Seconds.
        package var targetWait: Double
        /// Seconds; `nil`: the default rule.
        package var scaleInWindow: Double?
        package var minimum: Int
        /// The least of all scenarios.
        package var attainment: Double
        /// The sum over all scenarios.
        package var workerSeconds: Double
        package var cost: Double

        /// As a contender is written.
        package var text: String {
            var parts = [(ContenderOptions.declaration(\.deadline), "\(deadline ?? 0)s")]
            parts.append((Policy.declaration(\.targetUtilization), "\(targetUtilization)"))
            if deadline == nil { parts.append((Policy.declaration(\.targetWait), "\(targetWait)s")) }
            if let scaleInWindow { parts.append((Policy.declaration(\.scaleInWindow), "\(scaleInWindow)s")) }
            if minimum > 0 { parts.append((ContenderOptions.declaration(\.minimum), "\(minimum)")) }
            return "\(Algorithm.spate.name):" + parts.map { "\($0.name)=\($1)" }.joined(separator: ",")
        }
    }

    package struct Progress: Sendable {
        package var done: Int
        package var total: Int
        package var best: Candidate?
    }

    private let scenarios: [Scenario]
    private let base: Policy
    private let objective: Double

    static let utilizations = [0.6, 0.7, 0.8, 0.9, 0.95, 1]
    /// Shares of the deadline that the policy is told; `nil`: it is told none and goes by the target wait.
    static let deadlineShares: [Double?] = [1, 0.8, 0.5, nil]
    static let waits: [Double] = [0.25, 0.5, 3, 10]
    static let windows: [Double?] = [nil, 0, 10, 30, 60, 180]
    static let minimums = [0, 1, 2, 4]

    /// - Parameter objective: Share of the deadlines to be met, 0 to 1.
    package init(scenarios: [Scenario], base: Policy = Scenario.defaults, objective: Double) {
        self.scenarios = scenarios
        self.base = base
        self.objective = objective
    }

    /// - Returns: the best, and all that were tried, best first.
    package func run(progress: (Progress) -> Void = { _ in }) -> (best: Candidate?, tried: [Candidate]) {
        var tried: [Candidate] = []
        var best: Candidate?
        let total =
            Self.utilizations.count * Self.deadlineShares.count + Self.waits.count
            + Self.windows.count * Self.minimums.count - 1 + 4
        func note(_ candidate: Candidate) {
            guard !tried.contains(where: { $0.text == candidate.text }) else { return }
            let candidate = evaluate(candidate)
            tried.append(candidate)
            if best.map({ isBetter(candidate, than: $0) }) ?? true { best = candidate }
            progress(Progress(done: tried.count, total: total, best: best))
        }
        let deadline = scenarios.map { $0.model.objective.seconds }.min() ?? 30
        for share in Self.deadlineShares {
            for utilization in Self.utilizations {
                note(point(share.map { $0 * deadline }, utilization, wait: base.targetWait.seconds))
            }
        }
        if let near = best, near.deadline == nil {
            for wait in Self.waits { note(point(nil, near.targetUtilization, wait: wait)) }
        }
        if let near = best {
            for window in Self.windows {
                for minimum in Self.minimums {
                    var next = near
                    next.scaleInWindow = window
                    next.minimum = minimum
                    note(next)
                }
            }
        }
        if let near = best {
            for step in [-0.05, -0.025, 0.025, 0.05] {
                var next = near
                next.targetUtilization = (min(max(near.targetUtilization + step, 0.3), 1) * 1_000).rounded() / 1_000
                note(next)
            }
        }
        return (best, tried.sorted { isBetter($0, than: $1) })
    }

    private func point(_ deadline: Double?, _ utilization: Double, wait: Double) -> Candidate {
        Candidate(
            deadline: deadline, targetUtilization: utilization, targetWait: wait, scaleInWindow: nil, minimum: 0,
            attainment: 0, workerSeconds: 0, cost: 0)
    }

    private func evaluate(_ candidate: Candidate) -> Candidate {
        var policy = base
        policy.algorithm = .spate
        policy.targetUtilization = candidate.targetUtilization
        policy.targetWait = .microseconds(candidate.targetWait * 1e6)
        policy.scaleInWindow = candidate.scaleInWindow.map { .microseconds($0 * 1e6) }
        policy.models.append(
            ModelPolicy(name: "*", pools: [], deadline: candidate.deadline.map { .microseconds($0 * 1e6) }))
        if candidate.minimum > 0 {
            policy.pools.append(PoolPolicy(name: "*", minimum: candidate.minimum, maximum: .max))
        }
        var result = candidate
        result.attainment = 1
        result.workerSeconds = 0
        result.cost = 0
        for scenario in scenarios {
            let run = Simulator.run(scenario, Contender(label: candidate.text, policy: policy))
            result.attainment = min(result.attainment, run.attainment)
            result.workerSeconds += run.workerSeconds
            result.cost += run.cost
        }
        return result
    }

    private func isBetter(_ one: Candidate, than other: Candidate) -> Bool {
        switch (one.attainment >= objective, other.attainment >= objective) {
        case (true, false): true
        case (false, true): false
        case (false, false): one.attainment > other.attainment
        case (true, true):
            (one.cost, one.workerSeconds, -one.attainment) < (other.cost, other.workerSeconds, -other.attainment)
        }
    }
}
