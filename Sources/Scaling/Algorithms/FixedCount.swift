package import Time

/// Always the same number of workers.
package struct FixedCount: Sendable, Equatable, Codable {
    /// Default `nil`: the pool's maximum.
    package var workers: Int?

    package init(workers: Int? = nil) { self.workers = workers }
}

extension FixedCount: ScalingAlgorithm {
    package static let name = "fixed"
    package static let summary = "Always the same number of workers."

    package static let standard = FixedCount()
    package static let parameters: [Parameter<FixedCount>] = [
        Parameter(
            "workers", \.workers, in: 0...10_000, unit: "workers", absent: "the pool's maximum",
            "How many there are, within the pool's limits.")
    ]

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout NoMemory) -> PoolWish {
        PoolWish(count: workers ?? pool.maximum)
    }
}
