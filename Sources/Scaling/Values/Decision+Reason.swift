import Time

extension PoolDecision {
    /// What was decided and why, in one sentence for people.
    ///
    /// - Example: "2 workers (1 before, start 1): 900 jobs wait, 4.5 s of work, 7 wanted for the backlog; held at 2 by
    ///   the maximum"
    package var reason: String {
        var text = "\(Words.workers(wanted))"
        if !change.isEmpty { text += " (\(change))" }
        text += ": \(proposalText)"
        for rule in guards { text += "; \(rule.text)" }
        return text
    }

    /// What would have given another number, where that is easy to say.
    package var alternatives: [String] {
        guards.compactMap { rule in
            switch rule.kind {
            case .maximum: "a maximum of \(rule.from) would give \(rule.from)"
            case .minimum: "a minimum of \(rule.from) would give \(rule.from)"
            case .startUpHelps:
                "a start-up time below \(Words.duration(figures.drainTime ?? .zero)) would let more workers help"
            case .scaleInWindow:
                rule.remaining.map { "no more work for \(Words.duration($0)) gives \(rule.to - 1) or fewer" }
            case .startBackOff: "starts that succeed would give \(rule.from)"
            case .missingData: "fresh data would give \(rule.from)"
            case .seenOnce: "the same rate at the next observation gives \(rule.from)"
            case .budget: "a budget for \(Words.workers(rule.from)) would give \(rule.from)"
            case .paused: "without the pause it would be \(rule.from)"
            case .override: "without the override it would be \(rule.from)"
            case .rateLimit: "without the rate limit it would be \(rule.from)"
            case .protected: "without the protection it would be \(rule.from)"
            case .costOfRestart: "a faster start-up would give \(rule.from)"
            case .rateCap: "without the rate cap it would be \(rule.from)"
            case .startsCounted, .onlyIdleLeave, .unavailable, .expected, .tolerance, .stabilization: nil
            }
        }
    }

    private var change: String {
        var parts: [String] = []
        if let before, before != wanted { parts.append("\(before) before") }
        if starts > 0 { parts.append("start \(starts)") }
        if drains > 0 { parts.append("drain \(drains)") }
        return parts.joined(separator: ", ")
    }

    private var proposalText: String {
        guard let highest = candidates.max(by: { $0.count < $1.count }) else {
            return figures.inFlight > 0
                ? "nothing waits, \(Words.jobs(figures.inFlight)) in flight" : "nothing waits or runs"
        }
        return text(of: highest)
    }

    /// Why that candidate's count was proposed.
    package func text(of candidate: Candidate) -> String {
        switch candidate.proposer {
        case .backlog:
            "\(Words.jobsWait(figures.waiting + figures.due)), \(Words.duration(figures.work)) of work, "
                + "\(candidate.count) wanted for the backlog"
        case .rate:
            "\(Words.number(figures.arrivalRate)) arrivals a second keep \(Words.number(figures.load)) workers busy, "
                + "\(candidate.count) wanted for the rate"
        case .wake: "\(Words.jobsWait(figures.waiting + figures.due)) and there is no worker"
        case .floor: "the pool's minimum is \(candidate.count)"
        case .deadline:
            "\(Words.jobsWait(figures.waiting + figures.due)), \(Words.duration(figures.work)) of work, "
                + "\(candidate.count) wanted to keep the deadlines"
        case .forecast: "\(candidate.count) wanted for the forecast"
        case .calendar: "\(candidate.count) wanted for \(candidate.source ?? "the calendar")"
        case .override: "pinned at \(candidate.count)" + (candidate.source.map { " (\($0))" } ?? "")
        case .algorithm:
            "\(Words.jobsWait(figures.waiting + figures.due)), \(Words.jobs(figures.inFlight)) in flight, the algorithm "
                + "computes \(Words.number(candidate.exact))"
        }
    }
}

extension Guard {
    /// What the rule did.
    package var text: String {
        let end = remaining.map { " for \(Words.duration($0))" } ?? ""
        return switch kind {
        case .maximum: "held at \(to) by the maximum"
        case .minimum: "raised to \(to) by the minimum"
        case .startUpHelps: "\(from) would be wanted, but workers started now would be ready when the work is done"
        case .scaleInWindow: "held at \(to) by the scale-in window\(end)"
        case .startsCounted: to == 0 ? "\(from) on their way" : "\(from - to) of \(from) on their way"
        case .onlyIdleLeave: "held at \(to): busy and starting workers stay"
        case .seenOnce: "held at \(to) until the rate is seen twice"
        case .missingData: "held at \(to): the data is missing or old"
        case .startBackOff: "held at \(to): starts failed, the next attempt waits\(end)"
        case .budget: "held at \(to) by the budget" + (detail.map { ": \($0)" } ?? "")
        case .paused: "held at \(to): the pool is paused"
        case .override: "pinned at \(to)\(end)"
        case .rateLimit: "held at \(to) by the rate limit\(end)"
        case .protected: "held at \(to): idle workers are protected"
        case .costOfRestart: "held at \(to): starting again would cost more than waiting\(end)"
        case .expected: "held at \(to): arrivals are expected" + (detail.map { " (\($0))" } ?? "")
        case .tolerance: "held at \(to): \(from) is within the tolerance"
        case .stabilization: "held at \(to) instead of \(from) by the algorithm's windows"
        case .rateCap: "held at \(to) by the algorithm's rate cap"
        case .unavailable: "held at \(to): \(detail ?? "no worker can be started")"
        }
    }
}
