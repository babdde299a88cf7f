package import Time

/// How many workers a pool should have: what KEDA is told.
package struct DesiredCount: Sendable, Hashable {
    package var pool: String
    /// What the policy decided; never negative (a negative one counts as 0).
    package var count: Int
    /// Whether the pool may not stand at zero now. KEDA starts the first worker at the change to true.
    package var isActive: Bool
    /// When the observation behind the decision was made, not the decision: one that only holds what it had, because
    /// Redis is away, is as old as its data.
    package var at: Timestamp

    /// - Parameter isActive: default whether `count` is above 0.
    package init(pool: String, count: Int, isActive: Bool? = nil, at: Timestamp) {
        self.pool = pool
        self.count = max(count, 0)
        self.isActive = isActive ?? (count > 0)
        self.at = at
    }
}

/// Why there is no count to tell. None of them is ever answered with a number: a false 0 would end workers.
package enum NoCount: Error, Sendable, Equatable {
    /// Nobody configured the pool.
    case unknownPool(known: [String])
    /// Nothing was published since the start.
    case notYet
    /// What is there is older than the limit.
    case stale(age: Duration, limit: Duration)
    /// More streams are open than the limit.
    case tooManyStreams(limit: Int)
    /// The server ends.
    case closed
}
