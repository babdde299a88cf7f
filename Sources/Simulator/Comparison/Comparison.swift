import Scaling
import Time

/// Policies on one scenario, beside the oracle.
package struct Comparison: Sendable, Codable {
    package var scenario: String
    package var summary: String
    package var jobs: Int
    /// Seconds of the trace.
    package var duration: Double
    /// Seconds since midnight of the trace's first moment.
    package var clock: Double
    /// Seconds from arrival that attainment is measured by.
    package var deadline: Double
    package var pools: [SimulatedPool]
    /// The oracle's plan as the simulator played it.
    package var oracle: SimulationResult?
    /// Worker-seconds that no policy with full attainment can undercut.
    package var bound: Double?
    package var results: [SimulationResult]

    /// Runs every contender; tells `progress` before each.
    package init(
        _ scenario: Scenario, _ contenders: [Contender], fidelity: Fidelity = .cohorts, withOracle: Bool = true,
        progress: (String) -> Void = { _ in }
    ) {
        self.scenario = scenario.name
        summary = scenario.summary
        jobs = scenario.trace.count
        duration = scenario.trace.duration.seconds
        clock = scenario.clock
        deadline = scenario.model.objective.seconds
        pools = scenario.pools
        results = []
        if withOracle {
            progress("oracle")
            let played = OraclePlayer(scenario).play()
            oracle = played.result
            bound = played.bound
        }
        for contender in contenders {
            progress(contender.label)
            var result = Simulator.run(scenario, contender, fidelity: fidelity)
            result.regret = regret(of: result)
            results.append(result)
        }
    }

    /// With at most `limit` samples of each run, for files.
    package func thinned(to limit: Int = 600) -> Comparison {
        var thin = self
        if let oracle { thin.oracle?.timeline = oracle.timeline.thinned(to: limit) }
        for index in thin.results.indices { thin.results[index].timeline = results[index].timeline.thinned(to: limit) }
        return thin
    }

    /// By money where the pools have prices, by worker-seconds otherwise.
    package func regret(of result: SimulationResult) -> Double? {
        guard let oracle, oracle.workerSeconds > 0 else { return nil }
        return oracle.cost > 0 ? result.cost / oracle.cost - 1 : result.workerSeconds / oracle.workerSeconds - 1
    }
}
