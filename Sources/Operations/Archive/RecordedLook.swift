package import Time

/// Everything that one look of the scaler was decided from. All texts are JSON; replayed, they give the decision again
/// byte for byte.
package struct RecordedLook: Sendable, Equatable {
    package var time: Timestamp
    /// Hash of the policy, as `DecisionArchive.keep` gave it.
    package var policy: String
    package var observation: String
    /// The policy's memory before the decision.
    package var state: String
    /// One for each pool that was worth a record.
    package var decisions: [String]

    package init(time: Timestamp, policy: String, observation: String, state: String, decisions: [String]) {
        self.time = time
        self.policy = policy
        self.observation = observation
        self.state = state
        self.decisions = decisions
    }
}
