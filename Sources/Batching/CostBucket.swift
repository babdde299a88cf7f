/// What batches of about one size have cost lately: exponentially weighted means with forgetting.
///
/// A batch that was held up from outside (a preempted thread, a page fault) must not turn the choice of the
/// batch size around, so a cost is cut at four standard deviations above the mean. The cut widens with each
/// cut observation: a real slow-down is believed after a few batches.
///
/// | observations after a step from 1 ms to 10 ms | believed mean |
/// |---|---|
/// | 1 | 1.01 ms |
/// | 10 | about 2 ms |
/// | 30 | about 9 ms |
struct CostBucket: Sendable {
    /// Observations since the mean was started, not capped.
    private(set) var count = 0
    /// Mean rows of the observed batches.
    private(set) var rows = 0.0
    /// Mean seconds per row.
    private(set) var perRow = 0.0
    /// Variance of the cost relative to its mean, unitless.
    private(set) var variance = 0.0
    /// The fewest seconds that a run of work in this bucket has ever taken; a warm-up run does not count.
    private(set) var fastest = Double.infinity
    /// Runs of work, of which `fastest` is the fastest.
    private(set) var runs = 0
    /// The model's observation count when this bucket was last seen: how stale it is.
    private(set) var lastSeen = 0

    /// The weight of the newest observation once the bucket is settled: it remembers about 16 batches.
    static let forgetting = 1.0 / 16
    static let leastDeviation = 0.05
    /// A mean that no batch has touched for this many batches of any size is replaced by the next observation
    /// instead of blended with it, and so counts as unknown until it has been tried three times again.
    static let staleAfter = 48

    /// Mean seconds of a batch of `rows` rows.
    var seconds: Double { rows * perRow }

    /// How much the bucket weighs in the fit: more observations than it remembers add nothing.
    var weight: Double { min(Double(count), 1 / Self.forgetting) }

    /// Takes in one run of work.
    mutating func observe(rows observedRows: Int, seconds observed: Double, sequence: Int) {
        fastest = min(fastest, observed)
        runs += 1
        blend(rows: observedRows, seconds: observed, sequence: sequence)
    }

    /// As if no work had run yet; the means stay.
    mutating func forgetFastest() {
        fastest = .infinity
        runs = 0
    }

    /// Takes in a cost without a claim on what is fastest.
    mutating func blend(rows observedRows: Int, seconds observed: Double, sequence: Int) {
        let cost = observed / Double(observedRows)
        if count > 0, sequence - lastSeen > Self.staleAfter { count = 0 }
        lastSeen = sequence
        count += 1
        guard count > 1, perRow > 0 else {
            rows = Double(observedRows)
            perRow = cost
            return
        }
        let deviation = max(variance.squareRoot(), Self.leastDeviation)
        let believed = count > 4 ? min(cost, perRow * (1 + 4 * deviation)) : cost
        let share = max(1 / Double(count), Self.forgetting)
        let difference = believed / perRow - 1
        variance = (1 - share) * (variance + share * difference * difference)
        perRow += share * (believed - perRow)
        rows += share * (Double(observedRows) - rows)
    }
}
