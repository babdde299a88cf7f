import Time

/// How many workers the arrivals need in the long run: square-root staffing, and never busier than the target.
///
/// For an offered load of R workers: `N = max(R / u, R + β√R)`. β is the smallest with which the expected wait for a
/// free worker, `P(wait) · S / (β√R)`, stays below half the target wait; S is the time of a full batch.
///
/// | R | u | β | R / u | R + β√R | workers |
/// |---|---|---|---|---|---|
/// | 0.2 | 0.8 | 1 | 0.25 | 0.65 | 1 |
/// | 4 | 0.8 | 1 | 5 | 6 | 6 |
/// | 100 | 0.8 | 1 | 125 | 110 | 125 |
///
/// - Source: Halfin and Whitt, "Heavy-traffic limits for queues with many exponential servers", 1981; tutorial
///   arXiv:1706.05397.
enum RateProposal {
    static func exact(demand: PoolDemand) -> Double {
        let load = demand.urgentLoad
        guard load > 0 else { return 0 }
        let utilization = demand.urgentUtilization
        let root = load.squareRoot()
        let allowed = max(demand.urgentWait, 1e-3) / 2
        var beta = 0.1
        while beta < 2, waitProbability(beta) * demand.batchSeconds > allowed * beta * root { beta += 0.1 }
        return max(load / utilization, load + beta * root)
    }

    /// Whole workers; on the way down only when a tenth more load would need fewer as well, so that noise around
    /// a whole number does not start and stop a worker.
    static func count(exact: Double, before: Int?) -> Int {
        let count = Proposals.whole(exact)
        guard let before, count < before else { return count }
        return min(before, Proposals.whole(exact * 1.1))
    }

    /// The probability that an arrival finds all workers busy when there are R + β√R of them, between the values
    /// of `1 / (1 + βΦ(β)/φ(β))` at steps of a half.
    private static func waitProbability(_ beta: Double) -> Double {
        let values = [1, 0.504, 0.223, 0.0845, 0.0269]
        let position = min(max(beta, 0) * 2, Double(values.count - 1))
        let index = min(Int(position), values.count - 2)
        return values[index] + (values[index + 1] - values[index]) * (position - Double(index))
    }
}
