import Operations
package import Time

/// An explanation for people.
package enum ExplanationText {
    /// - Parameter asked: the moment that was asked about.
    package static func lines(_ explanation: Explanation, asked: Timestamp) -> [String] {
        let decision = explanation.decision
        let time = Timestamp(microseconds: decision.time_ms * 1_000)
        let age = asked - time
        var lines = ["\(MomentText.text(time)) \(decision.pool): \(decision.reason)"]
        if age > .seconds(1) { lines[0] += " (decided \(duration(age)) before, and held since)" }
        if decision.dry_run {
            lines.append("  not done    it was decided only: a dry run, or workers of somebody else")
        }
        lines.append("  seen        \(seen(decision))")
        lines.append("  work        \(work(decision))")
        for candidate in decision.candidates.sorted(by: { $0.count > $1.count }) {
            lines.append("  proposed    \(candidate.count) by \(candidate.proposer): \(candidate.reason)")
        }
        if decision.candidates.isEmpty { lines.append("  proposed    nothing: nobody has anything to do here") }
        for clip in decision.guards {
            lines.append("  clipped     \(clip.from) to \(clip.to) by \(clip.rule): \(clip.reason)")
        }
        lines += explanation.late.map { "  too late    \($0)" }
        lines += why("more", explanation.why_not_more, decision, proof: explanation.proof)
        lines += why("fewer", explanation.why_not_fewer, decision, proof: explanation.proof)
        lines += decision.instead.map { "  otherwise   \($0)" }
        lines.append("  replayed    \(proof(explanation))")
        return lines
    }

    private static func seen(_ decision: DecisionRecord) -> String {
        var text =
            "\(jobsWait(decision.waiting)), \(whole(decision.in_flight)) in flight, \(whole(decision.due)) due later;"
            + " \(decision.ready) ready (\(decision.idle) idle), \(decision.starting) starting,"
            + " \(decision.draining) draining"
        if let leaving = decision.leaving { text += ", \(leaving) taken away" }
        return text + "; \(number(decision.arrival_rate)) arrivals a second"
    }

    private static func work(_ decision: DecisionRecord) -> String {
        var text = "\(number(decision.work_seconds)) s of a worker's time"
        if let time = decision.drain_time_ms {
            text += decision.wanted > 0 ? ", done in \(duration(.milliseconds(time)))" : ""
        } else {
            text += ", and nobody to do it"
        }
        text += "; arrivals keep \(number(decision.load)) workers busy; a start takes"
        text += " \(duration(.milliseconds(decision.start_up_ms)))"
        if let cost = decision.cost_per_hour { text += "; costs \(number(cost)) an hour" }
        return text
    }

    private static func why(
        _ which: String, _ changes: [Counterfactual], _ decision: DecisionRecord, proof: Explanation.Proof
    ) -> [String] {
        guard proof != .missing else { return [] }
        let label = which == "more" ? "  not more    " : "  not fewer   "
        guard !changes.isEmpty else {
            return [label + "no single change of the policy would have given \(which)"]
        }
        return changes.map { label + "\($0.change) would give \($0.wanted)" }
    }

    private static func proof(_ explanation: Explanation) -> String {
        let policy = explanation.policy ?? "not kept"
        let name = explanation.algorithm ?? "unknown algorithm"
        return switch explanation.proof {
        case .same: "the recorded observation gives the same decision, byte for byte (\(name), policy \(policy))"
        case .differs: "this version decides otherwise from the same observation (\(name), policy \(policy))"
        case .missing: "what it was decided from is not kept, or another version wrote it"
        }
    }

    /// `1 job waits`, `900 jobs wait`; whole jobs, though a pool's share of a queue may be a part of one.
    private static func jobsWait(_ count: Double) -> String {
        let text = whole(count)
        return text == "1" ? "1 job waits" : "\(text) jobs wait"
    }

    private static func whole(_ count: Double) -> String { number(count > 0 && count < 1 ? 1 : count.rounded()) }

    // MARK: Figures

    package static func number(_ value: Double) -> String {
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value))" }
        let digits = abs(value) < 10 ? 100.0 : abs(value) < 100 ? 10 : 1
        let rounded = (value * digits).rounded() / digits
        return rounded == rounded.rounded() && abs(rounded) < 1e15 ? "\(Int64(rounded))" : "\(rounded)"
    }

    package static func duration(_ value: Duration) -> String {
        let seconds = value.seconds
        switch abs(seconds) {
        case ..<1: return "\(number(seconds * 1_000)) ms"
        case ..<120: return "\(number(seconds)) s"
        case ..<7_200: return "\(number(seconds / 60)) min"
        default: return "\(number(seconds / 3_600)) h"
        }
    }
}
