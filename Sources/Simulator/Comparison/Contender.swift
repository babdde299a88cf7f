package import Scaling
import Time

/// A policy under its name in a comparison.
package struct Contender: Sendable, Equatable {
    package var label: String
    package var policy: Policy
    /// The calendar tells it the trace's calls of every minute beforehand. Default false.
    package var hasCalendar: Bool

    package init(label: String, policy: Policy, hasCalendar: Bool = false) {
        self.label = label
        self.policy = policy
        self.hasCalendar = hasCalendar
    }

    /// The algorithm with its own parameters.
    package init(_ algorithm: Algorithm) {
        var policy = Scenario.defaults
        policy.algorithm = algorithm
        self.init(label: algorithm.name, policy: policy)
    }
}
