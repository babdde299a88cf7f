import Jobs
package import Operations
package import Scaling
import Time

/// Why a pool had that number of workers at a moment: what was seen, who proposed what, what clipped it, and what would
/// have changed it.
package struct Explanation: Sendable, Equatable, Codable {
    package enum Proof: String, Sendable, Codable {
        /// The recorded observation, decided again, gave the same decision byte for byte.
        case same
        /// It gave another: this version decides otherwise.
        case differs
        /// What it was decided from is not kept, or was written by another version.
        case missing
    }

    /// The newest decision not after the moment that was asked for; it held until the next one.
    package var decision: DecisionRecord
    package var proof: Proof
    /// The hash of the policy that decided, its first twelve digits.
    package var policy: String?
    package var algorithm: String?
    package var why_not_more: [Counterfactual]
    package var why_not_fewer: [Counterfactual]
    /// Deadlines that could not be kept, in words.
    package var late: [String]

    /// - Parameters:
    ///   - look: what it was decided from; `nil`: it is not kept.
    ///   - policy: the JSON of the policy that the look names.
    package init(_ decision: DecisionRecord, look: RecordedLook?, policy json: String?) {
        self.decision = decision
        policy = look.map { String($0.policy.prefix(12)) }
        why_not_more = []
        why_not_fewer = []
        late = []
        proof = .missing
        guard let look, let json, let replay = Replay(look, policy: json) else { return }
        let again = replay.decision()
        algorithm = replay.policy.algorithm.name
        let record = again.pools.first { $0.pool == decision.pool }.map {
            DecisionRecord($0, at: again.time, isDone: !decision.dry_run)
        }
        proof = record?.json == decision.json ? .same : .differs
        let changes = Counterfactual.all(for: decision.pool, in: replay)
        why_not_more = changes.filter { $0.wanted > decision.wanted }
        why_not_fewer = changes.filter { $0.wanted < decision.wanted }
        late = again.infeasible.map(\.text)
    }
}

extension InfeasibleDeadline {
    /// In words.
    package var text: String {
        let which = name.map { " of class \($0.rawValue)" } ?? ""
        let reason =
            switch cause {
            case .startUp: "workers started now would be ready too late"
            case .maximum: "the pools' maxima allow no more"
            case .budget: "the budget allows no more"
            case .unavailable: "no worker can be started"
            }
        return "\(jobs) jobs\(which) of \(model) will miss their deadline of \(ExplanationText.duration(deadline)),"
            + " the last by \(ExplanationText.duration(lateBy)): \(reason)"
    }
}
