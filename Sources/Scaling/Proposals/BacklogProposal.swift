import Time

/// How many workers the backlog needs: the drain rule, with start-up time.
///
/// With W seconds of work waiting, T the target wait, u the target utilization and D the start-up time, the workers
/// that are there and on their way do `C = Σ (H − their remaining start-up) · u` by the horizon H, less what they still
/// hold. If that is enough, `W / (T · u)` workers are proposed and never more than there are: a worker started now
/// would be ready when the work is done. Otherwise each new one adds `(H − D) · u`:
///
///     N = there + (W − C) / ((H − D) · u),   H = max(T, D + T/2)
///
/// The horizon gives a new worker at least half the target wait to be of use. Where T is shorter than 2 D the target
/// cannot be met by starting; then the rest must be done T/2 after the new workers are ready.
///
/// | W | there | T | D | C | H | proposed |
/// |---|---|---|---|---|---|---|
/// | 40 s | none | 10 s | 1 s | 0 | 10 s | 40 / 7.2 = 5.6 |
/// | 40 s | 4 ready | 10 s | 1 s | 32 s | 10 s | 4 + 8 / 7.2 = 5.1 |
/// | 40 s | 4 ready | 1 s | 20 s | 66 s | 20.5 s | 4: a start comes too late |
///
/// - Source: drain rule and break-even as in the literature on queue-driven scaling; `Σ capacity(h) ≥ work due by h`
///   is its form in network calculus (InferLine, arXiv:1812.01776, section 5).
struct BacklogProposal {
    var exact: Double
    /// Workers that the target wait alone would ask for, where starting them would come too late.
    var comingTooLate: Int?

    init(demand: PoolDemand, situation: PoolSituation) {
        comingTooLate = nil
        guard demand.urgentWork > 0 else {
            exact = 0
            return
        }
        let utilization = demand.urgentUtilization
        let wait = max(demand.urgentWait, 1e-3)
        let startUp = max(situation.startUp.median.seconds, 0)
        let horizon = max(wait, startUp + wait / 2)
        let readyCapacity = Double(situation.ready) * horizon * utilization
        var capacity = max(readyCapacity - demand.inFlightWork, 0)
        for remaining in situation.startingRemaining { capacity += max(horizon - remaining, 0) * utilization }
        let there = Double(situation.total)
        if demand.urgentWork > capacity {
            exact = there + (demand.urgentWork - capacity) / ((horizon - startUp) * utilization)
        } else {
            let unbounded = demand.urgentWork / (wait * utilization)
            exact = min(unbounded, there)
            if unbounded > there { comingTooLate = Proposals.whole(unbounded) }
        }
    }
}
