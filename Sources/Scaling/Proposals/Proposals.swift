import Time

/// What the proposers say of one pool. One file per proposer; `decide` takes the highest.
struct Proposals {
    var candidates: [Candidate] = []
    var backlog: BacklogProposal
    var deadline: DeadlineProposal

    init(demand: PoolDemand, situation: PoolSituation, horizons: Horizons, policy: Policy, before: Int?) {
        backlog = BacklogProposal(demand: demand, situation: situation)
        deadline = DeadlineProposal(demand: demand, situation: situation, horizons: horizons)
        if backlog.exact > 0 {
            candidates.append(
                Candidate(proposer: .backlog, count: Self.whole(backlog.exact), exact: backlog.exact))
        }
        if deadline.exact > 0 {
            let count =
                deadline.more > 0
                ? situation.total + deadline.more : min(Self.whole(deadline.exact), situation.total)
            if count > 0 {
                candidates.append(Candidate(proposer: .deadline, count: count, exact: deadline.exact))
            }
        }
        let rate = RateProposal.exact(demand: demand)
        let base = BaseProposal.count(of: demand)
        if rate > 0 || base > 0 {
            let count = rate > 0 ? RateProposal.count(exact: rate, before: before) : 0
            candidates.append(
                Candidate(proposer: .rate, count: count + base, exact: rate + max(demand.baseLoad, demand.spilledLoad)))
        }
        if demand.urgentWork > 0, situation.total == 0 {
            candidates.append(Candidate(proposer: .wake, count: 1, exact: 1))
        }
        if !demand.expected.isEmpty { candidates += ExpectedProposal.candidates(of: demand) }
        if situation.policy.minimum > 0 {
            let minimum = situation.policy.minimum
            candidates.append(Candidate(proposer: .floor, count: minimum, exact: Double(minimum)))
        }
    }

    func highest(except proposer: Candidate.Proposer? = nil) -> Int {
        candidates.reduce(0) { $1.proposer == proposer ? $0 : max($0, $1.count) }
    }

    /// The highest of those that a window keeps: not deadlines, for whose sake work may queue up, and not what ends at a
    /// time that is known.
    var lasting: Int {
        candidates.reduce(0) { highest, candidate in
            switch candidate.proposer {
            case .backlog, .rate, .wake, .floor, .algorithm: max(highest, candidate.count)
            case .deadline, .forecast, .calendar, .override: highest
            }
        }
    }

    /// Workers that would be wanted if they were there at once, and are not started since they would come too late.
    var comingTooLate: Int? { backlog.comingTooLate ?? deadline.comingTooLate }

    /// Workers that the work alone asks for, not rounded.
    static func exactNeed(
        of demand: PoolDemand, in situation: PoolSituation, horizons: Horizons, policy: Policy
    ) -> Double {
        max(
            BacklogProposal(demand: demand, situation: situation).exact,
            DeadlineProposal(demand: demand, situation: situation, horizons: horizons).exact,
            RateProposal.exact(demand: demand))
    }

    /// Rounded up; a billionth of a worker is rounding, not need.
    static func whole(_ exact: Double) -> Int { Int(max(min((exact - 1e-9).rounded(.up), 1_000_000), 0)) }
}
