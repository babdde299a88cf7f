import Time

/// Workers started (or drained) of late, for a rate limit.
struct MoveLog: Sendable, Equatable, Codable {
    private struct Entry: Sendable, Equatable, Codable {
        var at: Timestamp
        var count: Int
    }
    private var entries: [Entry] = []

    /// How many more may be moved now.
    mutating func allowed(by limit: RateLimit, at now: Timestamp) -> Int {
        entries.removeAll { now - $0.at >= limit.per }
        return max(limit.workers - entries.reduce(0) { $0 + $1.count }, 0)
    }

    /// When the next one may be moved.
    func remaining(by limit: RateLimit, at now: Timestamp) -> Duration? {
        entries.first.map { max($0.at + limit.per - now, .zero) }
    }

    mutating func note(_ count: Int, at now: Timestamp) {
        if count > 0 { entries.append(Entry(at: now, count: count)) }
    }

    mutating func clear() { if !entries.isEmpty { entries = [] } }
}
