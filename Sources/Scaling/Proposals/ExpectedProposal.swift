/// Workers for what a forecast or the calendar announces, from one planned start-up before it begins until it ends.
///
/// Urgent load needs `load / utilization`; patient load of a span L with deadline T may be worked on until L + T, so
/// `load · L / (L + T)`, less a quarter: what is missing queues up and is met like any backlog.
///
/// Events add up, of whatever models: whoever declared two of them expects both. The forecast knows the same arrivals by
/// another way, so the higher of the two counts.
///
/// | announced | load | L | T | workers |
/// |---|---|---|---|---|
/// | 10,000 calls in one minute, 20 ms each | 3.33 | 60 s | 26.5 s | 2.31: 2 |
/// | the same without a deadline, 0.8 | 3.33 | 60 s | | 4.17: 5 |
enum ExpectedProposal {
    static func candidates(of demand: PoolDemand) -> [Candidate] {
        var candidates: [Candidate] = []
        let forecast = count(demand.forecastWorkers, of: demand)
        if forecast > 0 {
            candidates.append(Candidate(proposer: .forecast, count: forecast, exact: demand.forecastWorkers))
        }
        let declared = count(demand.declaredWorkers, of: demand)
        if declared > 0 {
            candidates.append(
                Candidate(
                    proposer: .calendar, count: declared, exact: demand.declaredWorkers,
                    source: demand.declaredEvents.joined(separator: " and ")))
        }
        return candidates
    }

    private static func count(_ workers: Double, of demand: PoolDemand) -> Int {
        demand.isPatient && demand.urgentLoad == 0
            ? Int(min(workers + 0.25, 1_000_000)) : Proposals.whole(workers)
    }
}
