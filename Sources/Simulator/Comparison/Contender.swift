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

    /// The algorithm with its own defaults.
    package init(_ name: Algorithm.Name) {
        var policy = Scenario.defaults
        policy.algorithm = Algorithm(name)
        self.init(label: name.rawValue, policy: policy)
    }
}
