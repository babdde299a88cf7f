package import Scaling
import Time

/// What somebody who knows the whole trace would do.
///
/// Time is cut into steps, work into quanta of what one worker does in a step. Arrivals are then whole numbers, a state
/// is (step, ready workers, quanta of backlog), and dynamic programming from the end finds the cheapest number of ready
/// workers for each step: a ready worker costs a step, a start costs the pool's start-up time, stopping is free, and
/// every quantum must be done by its deadline. A start is ordered one start-up time ahead, which somebody who knows the
/// trace can do, except before the trace begins. Where the deadlines cannot be met they are missed as little as possible.
///
/// Two runs of the same program:
///
/// | | arrivals of a step | deadline | what it is |
/// |---|---|---|---|
/// | plan | count from its end, part quanta wait | one step and one batch shorter | achievable: the simulator plays it, and what it then costs and attains is what is published |
/// | bound | count from its start | rounded up | what no policy with 100 % attainment and the median start-up time can undercut |
///
/// The bound holds where steps are cut fine enough for single workers (`unit` 1); else there is only a plan. Both look
/// at one pool, the cheapest per prediction; further pools are used only beyond its maximum, which the oracle does not
/// model.
///
/// - Complexity: O(steps · workers · backlog), held below `stateLimit`.
/// - Source: the shortest path over (time, count, backlog) with start and step costs, as in Lin et al., "Dynamic
///   right-sizing for power-proportional data centers", INFOCOM 2011, extended by a backlog with deadlines.
package struct Oracle: Sendable {
    /// One byte each.
    static let stateLimit = 200_000_000

    package struct Answer: Sendable {
        package var plan: OraclePlan
        /// Workers that the plan moves together.
        package var unit: Int
    }

    private let scenario: Scenario
    private let pool: SimulatedPool
    private let grid: OracleGrid

    package init(_ scenario: Scenario) {
        self.scenario = scenario
        let index =
            scenario.pools.indices.min { one, other in
                Self.price(scenario.pools[one]) < Self.price(scenario.pools[other])
            } ?? 0
        pool = scenario.pools[index]
        grid = OracleGrid(scenario: scenario, pool: pool)
    }

    private static func price(_ pool: SimulatedPool) -> Double { max(pool.pricePerHour, 1e-9) * pool.slowdown }

    /// - Parameters:
    ///   - margin: seconds taken off the deadline beside the step and the batch.
    ///   - closing: share of the deadline after which a quantum of the plan that is not full is taken as it is.
    package func solve(margin: Double = 0, closing: Double = 1.0 / 3) -> Answer {
        let plan = OracleProgram(
            scenario: scenario, pool: pool, grid: grid, isBound: false, margin: margin, closing: closing)
        return Answer(plan: steps(of: plan.solve().ready, program: plan), unit: grid.unit)
    }

    /// Worker-seconds that no policy with 100 % attainment can undercut; `nil` where workers are planned in groups.
    package func bound() -> Double? {
        guard grid.unit == 1 else { return nil }
        return OracleProgram(scenario: scenario, pool: pool, grid: grid, isBound: true, margin: 0, closing: 1).solve()
            .seconds
    }

    /// Ready workers by step become wanted ones: whoever is ready at a step was ordered a start-up time before.
    private func steps(of ready: [Int], program: OracleProgram) -> OraclePlan {
        var wanted = ready
        for step in ready.indices {
            let rise = ready[step] - (step > 0 ? program.kept(ready[step - 1], at: step) : 0)
            guard rise > 0 else { continue }
            let lead = program.startSteps(readyAt: step)
            for earlier in max(step - lead, 0)..<step { wanted[earlier] += rise }
        }
        var steps: [OraclePlan.Step] = []
        var last = -1
        for (step, count) in wanted.enumerated() where count != last {
            let from = scenario.trace.start + .microseconds(Double(step) * grid.step * 1e6)
            steps.append(.init(pool: pool.name, from: from, workers: min(count * grid.unit, pool.maximum)))
            last = count
        }
        return OraclePlan(steps: steps)
    }
}

/// How finely time, workers and work are cut.
struct OracleGrid: Sendable {
    /// Seconds.
    let step: Double
    let steps: Int
    /// Workers that move together.
    let unit: Int
    /// In units.
    let most: Int
    /// In quanta.
    let backlog: Int

    init(scenario: Scenario, pool: SimulatedPool) {
        let deadline = scenario.model.objective.seconds
        let duration = scenario.trace.duration.seconds
        let perJob = scenario.model.fullBatchSecondsPerRow * pool.slowdown
        let batch = scenario.model.cost.batchSeconds(rows: scenario.model.maximumRows) * pool.slowdown
        var step = min(max(deadline / 60, min(batch, deadline / 8), 0.25), 5)
        let counts = scenario.trace.counts(every: .seconds(1))
        let window = max(Int(deadline.rounded(.up)), 1)
        var most = 0.0
        var sum = 0
        for (index, count) in counts.enumerated() {
            sum += count
            if index >= window { sum -= counts[index - window] }
            most = max(most, Double(sum) * perJob)
        }
        // What the busiest deadline's length of arrivals needs if more than a third of that time is spent waiting for workers.
        let workers = min(max(Int((most / deadline * 1.6).rounded(.up)) + 2, 3), pool.maximum)
        var unit = 1
        func size() -> (steps: Int, most: Int, backlog: Int) {
            let count = Int(((duration + deadline) / step).rounded(.up)) + 2
            let units = (workers + unit - 1) / unit
            let quanta = Int((most / (step * Double(unit))).rounded(.up)) + units + 2
            return (count, units, min(quanta, 4_000))
        }
        while size().most > 250 || size().steps * (size().most + 1) * (size().backlog + 1) > Oracle.stateLimit {
            if size().most <= 250, step < deadline / 15 { step *= 1.5 } else { unit += max(unit / 2, 1) }
        }
        (self.steps, self.most, self.backlog) = size()
        self.step = step
        self.unit = unit
    }
}
