import Time

/// When a batch of each size last began, sizes as `ServiceTimeModel` keeps them.
struct LastRuns: Sendable {
    private var begun = [Timestamp?](repeating: nil, count: ServiceTimeModel.largestBucket + 1)

    /// O(1), no allocation.
    mutating func began(rows: Int, at now: Timestamp) { begun[ServiceTimeModel.bucket(of: rows)] = now }

    /// Whether no batch of the size `bucket` or a larger one has begun within `interval` (or the time was set back).
    func isOver(_ interval: Duration, from bucket: Int, at now: Timestamp) -> Bool {
        begun[bucket...].allSatisfy { begun in
            guard let begun else { return true }
            return now - begun >= interval || now < begun
        }
    }
}
