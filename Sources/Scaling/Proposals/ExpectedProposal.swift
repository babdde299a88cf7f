/// Workers for what a forecast or the calendar announces, from one planned start-up before it begins until it ends.
///
/// Urgent load needs `load / utilization`; patient load of a span L with deadline T may be worked on until L + T, so
/// `load · L / (L + T)`, less a quarter: what is missing queues up and is met like any backlog.
///
/// | announced | load | L | T | workers |
/// |---|---|---|---|---|
/// | 10,000 calls in one minute, 20 ms each | 3.33 | 60 s | 26.5 s | 2.31: 2 |
/// | the same without a deadline, 0.8 | 3.33 | 60 s | | 4.17: 5 |
enum ExpectedProposal {
    static func candidates(of demand: PoolDemand) -> [Candidate] {
        demand.expected.compactMap { expected in
            let count =
                demand.isPatient && demand.urgentLoad == 0
                ? Int(min(expected.workers + 0.25, 1_000_000)) : Proposals.whole(expected.workers)
            guard count > 0 else { return nil }
            switch expected.source {
            case .forecast: return Candidate(proposer: .forecast, count: count, exact: expected.workers)
            case .event(let name):
                return Candidate(proposer: .calendar, count: count, exact: expected.workers, source: name)
            }
        }
    }
}
