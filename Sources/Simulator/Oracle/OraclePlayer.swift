import Scaling
import Time

/// Plays the oracle's plan in the simulator, and takes more off its deadline until it holds there too.
package struct OraclePlayer: Sendable {
    /// What counts as full attainment: one job in ten thousand may be lost to the grid.
    package static let full = 0.9999

    private let scenario: Scenario

    package init(_ scenario: Scenario) {
        var known = scenario
        // It knows how long each start takes and which would fail.
        for pool in known.pools.indices { known.pools[pool].startUpSpread = 0 }
        known.disruptions.removeAll { if case .startFailures = $0.kind { true } else { false } }
        self.scenario = known
    }

    /// - Returns: the cheapest run that attains what counts as full, or the one that attains most; and the bound.
    package func play() -> (result: SimulationResult, bound: Double?) {
        let oracle = Oracle(scenario)
        var best = Simulator.run(scenario, Contender(plan: OraclePlan(steps: [])))
        for closing in [1.0 / 3, 0.6] {
            for share in [0, 0.02, 0.05, 0.1, 0.2, 0.3] {
                let answer = oracle.solve(margin: share * scenario.model.objective.seconds, closing: closing)
                let result = Simulator.run(scenario, Contender(plan: answer.plan))
                if isBetter(result, than: best) { best = result }
                if result.attainment >= Self.full { break }
            }
        }
        return (best, oracle.bound())
    }

    private func isBetter(_ one: SimulationResult, than other: SimulationResult) -> Bool {
        switch (one.attainment >= Self.full, other.attainment >= Self.full) {
        case (true, true): one.cost == other.cost ? one.workerSeconds < other.workerSeconds : one.cost < other.cost
        case (false, false): one.attainment > other.attainment
        case (let isFull, _): isFull
        }
    }
}

extension Contender {
    init(plan: OraclePlan) {
        var policy = Scenario.defaults
        policy.algorithm = Algorithm(plan)
        self.init(label: "oracle", policy: policy)
    }
}
