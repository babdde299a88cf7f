package import Jobs

/// What one gateway knows of one queue between two answers of Redis: how many jobs it holds. One for each queue is
/// in `QueueRooms`.
package struct QueueGauge: Sendable {
    /// Jobs in all lanes: the last full count, and what this gateway saw since.
    private var total = 0
    /// Entries per lane at the last submit to it; `nil` where there was none since the last full count.
    private var held: [Int?] = Array(repeating: nil, count: PriorityClass.allCases.count)
    /// Submits that are under way.
    private var submitting = 0

    package init() {}

    /// Jobs that the queue may hold: never below what this gateway submitted and has not seen settled. It may be too high
    /// (others settle, too), so a full count is asked for before a request is refused for it.
    package var estimate: Int { max(total, held.reduce(0) { $0 + ($1 ?? 0) }) + submitting }

    package mutating func submitStarted() { submitting += 1 }

    /// - Parameter depth: entries in the lane at the answer; `nil` when the submit failed.
    package mutating func submitEnded(_ priority: PriorityClass, depth: Int?) {
        submitting -= 1
        guard let depth else { return }
        let lane = Int(priority.rawValue)
        // What left the lane meanwhile shows in its depth, whoever it was for.
        total = max(held[lane].map { total + depth - $0 } ?? total + 1, depth)
        held[lane] = depth
    }

    package mutating func settled(_ priority: PriorityClass) {
        let lane = Int(priority.rawValue)
        held[lane] = held[lane].map { max(0, $0 - 1) }
        total = max(0, total - 1)
    }

    /// A fresh count of the whole queue replaces what was pieced together.
    package mutating func refresh(_ depth: QueueDepth) {
        held = Array(repeating: nil, count: held.count)
        total = depth.total
    }
}
