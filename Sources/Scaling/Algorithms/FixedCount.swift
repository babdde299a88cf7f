/// Always the same number of workers.
package struct FixedCount: Sendable, Equatable, Codable {
    /// Default `nil`: the pool's maximum.
    package var workers: Int?

    package init(workers: Int? = nil) { self.workers = workers }
}
