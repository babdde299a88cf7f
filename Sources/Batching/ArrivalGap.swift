import Time

/// The mean time between arrivals, learned, for the question whether waiting for one more row pays.
struct ArrivalGap: Sendable {
    private static let forgetting = 0.1

    private var mean: Double?
    private(set) var last: Timestamp?

    /// Takes in that `count` items came at `now`.
    mutating func arrived(_ count: Int, at now: Timestamp) {
        defer { last = now }
        guard count > 0, let last else { return }
        let gap = max(0, (now - last).seconds) / Double(count)
        mean = mean.map { $0 + Self.forgetting * (gap - $0) } ?? gap
    }

    /// The gap to expect at `now`: never shorter than the silence so far; `nil` before two arrivals.
    func seconds(at now: Timestamp) -> Double? {
        guard let mean, let last else { return nil }
        return max(mean, (now - last).seconds)
    }
}
