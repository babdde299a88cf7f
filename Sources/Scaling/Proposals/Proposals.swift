/// What the proposers say of one pool. One file per proposer; `decide` takes the highest.
struct Proposals {
    var candidates: [Candidate]
    var backlog: BacklogProposal

    init(demand: PoolDemand, situation: PoolSituation, policy: Policy, before: Int?) {
        backlog = BacklogProposal(demand: demand, situation: situation, policy: policy)
        candidates = []
        if backlog.exact > 0 {
            candidates.append(
                Candidate(proposer: .backlog, count: Self.whole(backlog.exact), exact: backlog.exact))
        }
        let rate = RateProposal.exact(demand: demand, policy: policy)
        if rate > 0 {
            candidates.append(
                Candidate(proposer: .rate, count: RateProposal.count(exact: rate, before: before), exact: rate))
        }
        if demand.waiting + demand.due > 0, situation.total == 0 {
            candidates.append(Candidate(proposer: .wake, count: 1, exact: 1))
        }
        if situation.policy.minimum > 0 {
            let minimum = situation.policy.minimum
            candidates.append(Candidate(proposer: .floor, count: minimum, exact: Double(minimum)))
        }
    }

    func highest(except proposer: Candidate.Proposer? = nil) -> Int {
        candidates.reduce(0) { $1.proposer == proposer ? $0 : max($0, $1.count) }
    }

    /// Workers that the work alone asks for, not rounded.
    static func exactNeed(of demand: PoolDemand, in situation: PoolSituation, policy: Policy) -> Double {
        max(
            BacklogProposal(demand: demand, situation: situation, policy: policy).exact,
            RateProposal.exact(demand: demand, policy: policy))
    }

    /// Rounded up; a billionth of a worker is rounding, not need.
    static func whole(_ exact: Double) -> Int { Int(min((exact - 1e-9).rounded(.up), 1_000_000)) }
}
