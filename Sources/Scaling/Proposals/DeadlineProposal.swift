import Time

/// How many workers keep the deadlines of patient work: the drain rule at every horizon, and each start as late as it
/// still does.
///
/// At every horizon h the work due by then must not exceed what the workers do by then:
///
///     due(h) <= ready · h + Σ (h − remaining start-up) − in flight − urgent work + n · (h − D)
///
/// so that `n = max over h of deficit(h) / (h − D)` more are needed, D the planned start-up. Of those, whole ones are
/// started at once: they will be busy until the deadline. The last one, which would be busy for a part of the time only,
/// is started when waiting r seconds longer would take one more: `n = max ceil(deficit / (h − D) − 1 + r / (h − D))`, r
/// one second and half a start-up, so that a start half as slow again still comes in time. So a trickle of jobs shares one
/// start, and a burst has all its workers at once.
///
/// What is late whatever is started counts as due within one more start-up time, at least 10 s.
///
/// | waiting | oldest | ready | D | deadline (effective) | deficit at the deadline | started now |
/// |---|---|---|---|---|---|---|
/// | 1 job of 20 ms | 2 s | 0 | 13 s | 26.5 s | 0.02 s / 13.5 s | 0, and 1 when 20 s are left for it |
/// | 100 s of work | 0 s | 0 | 13 s | 26.5 s | 100 s / 13.5 s = 7.4 | 7, the 8th a little later |
/// | 100 s of work | 0 s | 4 | 13 s | 26.5 s | none | 0 |
///
/// - Source: `Σ capacity(h) >= work due by h` is the network-calculus form of InferLine (arXiv:1812.01776, section 5).
struct DeadlineProposal {
    /// Not rounded, those that are there included.
    var exact: Double
    /// To start now.
    var more: Int
    /// That would be wanted if starts took no time, where starting them comes too late.
    var comingTooLate: Int?
    /// Seconds of work that will be late whatever is started.
    var late: Double

    init(demand: PoolDemand, situation: PoolSituation, horizons: Horizons) {
        exact = 0
        more = 0
        comingTooLate = nil
        late = 0
        guard demand.isPatient, demand.lastDue > 0 else { return }
        let capacity = Capacity(demand: demand, situation: situation, horizons: horizons)
        let start = situation.plannedStart
        var least = 0.0
        var additional = 0.0
        let recovery = max(start, 10)
        // What the last start keeps in hand: half a start-up where the deadline leaves room for it.
        let reserve = 1 + max(min(situation.startUp.slow.inSeconds / 2, (demand.lastDue - start) / 2), 0)
        for place in 0..<Horizons.count {
            let horizon = horizons.seconds[place]
            let due = demand.dueBy[place]
            least = max(least, (due + demand.inFlightWork) / horizon)
            let deficit = due - capacity.seconds[place]
            if place < Horizons.late {
                late = max(late, deficit)
            } else {
                let useful = horizon - start
                let open = deficit - late * (1 - min(useful / recovery, 1))
                if open > 1e-9 {
                    additional = max(additional, open / useful)
                    more = max(more, Proposals.whole((open + reserve) / useful - 1))
                }
            }
            if horizon >= demand.lastDue, place >= Horizons.late { break }
        }
        let total = Double(situation.total)
        exact = additional > 0 ? total + additional : min(least, total)
        if late > 1e-6, more == 0, least > total { comingTooLate = Proposals.whole(least) }
    }
}

/// What the workers that are there and on their way do by each horizon, less what urgent work takes of it.
struct Capacity {
    var seconds: [Double]

    init(demand: PoolDemand, situation: PoolSituation, horizons: Horizons) {
        let taken = demand.inFlightWork + demand.urgentWork
        let free = Double(situation.ready) - demand.urgentLoad
        seconds = []
        seconds.reserveCapacity(Horizons.count)
        var counts = [Double](repeating: 0, count: situation.starting > 0 ? Horizons.count : 0)
        var sums = counts
        for age in situation.observation.starting {
            let remaining = PoolSituation.remaining(age: age.inSeconds, start: situation.plannedStart)
            // Readiness between two horizons counts from the later one on.
            guard let place = horizons.seconds.firstIndex(where: { $0 >= remaining }) else { continue }
            counts[place] += 1
            sums[place] += remaining
        }
        var count = 0.0
        var sum = 0.0
        for place in 0..<Horizons.count {
            let horizon = horizons.seconds[place]
            if !counts.isEmpty {
                count += counts[place]
                sum += sums[place]
            }
            seconds.append(max(free * horizon - taken + count * horizon - sum, 0))
        }
    }
}
