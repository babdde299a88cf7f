import Jobs
package import Operations
package import Scaling

/// A recorded look, ready to be decided again: as it was, or under another policy.
package struct Replay: Sendable {
    package var observation: Observation
    package var policy: Policy
    package var state: PolicyState

    /// `nil` when another version wrote it and this one cannot read it.
    package init?(_ look: RecordedLook, policy json: String) {
        guard let observation = RecordedJSON.value(Observation.self, from: look.observation),
            let policy = RecordedJSON.value(Policy.self, from: json),
            let state = RecordedJSON.value(PolicyState.self, from: look.state)
        else { return nil }
        self.observation = observation
        self.policy = policy
        self.state = state
    }

    package func decision() -> Decision { decision(under: policy) }

    /// What would have been decided under another policy.
    package func decision(under other: Policy) -> Decision {
        var state = state
        return decide(observation, policy: other, state: &state)
    }
}
