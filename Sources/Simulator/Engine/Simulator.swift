import Scaling
import Time

/// How closely jobs are followed.
package enum Fidelity: String, Sendable, Codable, CaseIterable {
    /// Cohorts of jobs, one event a batch.
    case cohorts
    /// Job by job through the production queue model and batch assembler.
    case jobs
}

/// Runs policies over scenarios.
package enum Simulator {
    /// - Complexity: O(events · log batches in flight) and one `decide` a look.
    package static func run(
        _ scenario: Scenario, _ contender: Contender, fidelity: Fidelity = .cohorts
    ) -> SimulationResult {
        let policy = scenario.policy(contender.policy, algorithm: contender.policy.algorithm)
        let events = contender.hasCalendar ? scenario.calendar : []
        switch fidelity {
        case .cohorts:
            var simulation = Simulation(
                scenario: scenario, policy: policy, calendar: events, floor: CohortFloor(scenario: scenario))
            return simulation.run(label: contender.label)
        case .jobs:
            var simulation = Simulation(
                scenario: scenario, policy: policy, calendar: events, floor: JobFloor(scenario: scenario))
            return simulation.run(label: contender.label)
        }
    }
}
