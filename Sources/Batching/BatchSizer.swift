/// Chooses the size of the next batch from the learned cost, and now and then tries a neighbouring size so
/// that the choice can follow a change.
struct BatchSizer: Sendable {
    /// One batch in this many is a trial, and only when twice the preferred rows are waiting, so that a trial
    /// never delays a lone request.
    static let trialInterval = 32

    private var sinceTrial = 0

    /// Returns how many rows the next batch may have: 1…maximum.
    mutating func target(for model: ServiceTimeModel, maximum: Int, waiting: Int) -> Int {
        let preferred = model.preferredRows(maximum: maximum)
        guard waiting >= 2 * preferred else { return preferred }
        sinceTrial += 1
        guard sinceTrial >= Self.trialInterval else { return preferred }
        sinceTrial = 0
        return model.stalestNeighbour(of: preferred, maximum: maximum) ?? preferred
    }

    /// Returns over how many of `free` instances `rows` rows are spread: the most for which the total
    /// instance time grows by no more than `overhead`. All of them while the cost is unknown.
    ///
    /// - Example: 8 rows, 2 free instances. 4.5 ms per row without a fixed cost: two batches of 4 take
    ///   2 · 18 ms, no more than one of 8 (36 ms): 2. 1.4 ms fixed and 0.1 ms per row: 2 · 1.8 ms against
    ///   2.2 ms, 64 % more: 1.
    static func spread(rows: Int, over free: Int, model: ServiceTimeModel, overhead: Double) -> Int {
        var count = max(1, min(free, rows))
        guard count > 1, let together = model.expectedSeconds(rows: rows) else { return count }
        while count > 1 {
            let part = (rows + count - 1) / count
            if let apart = model.expectedSeconds(rows: part), Double(count) * apart <= (1 + overhead) * together {
                return count
            }
            count -= 1
        }
        return 1
    }
}
