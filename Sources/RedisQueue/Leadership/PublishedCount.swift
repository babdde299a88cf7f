package import Time

/// How many workers the leader wants in a pool, as every scaler reads it from Redis.
package struct PublishedCount: Sendable, Hashable {
    package var pool: String
    package var count: Int
    /// Whether the pool may not stand at zero now.
    package var isActive: Bool
    /// When the observation behind the decision was made, in the cluster's time.
    package var at: Timestamp

    package init(pool: String, count: Int, isActive: Bool, at: Timestamp) {
        self.pool = pool
        self.count = count
        self.isActive = isActive
        self.at = at
    }

    /// `<count> <1 or 0> <microseconds>`
    var text: String { "\(count) \(isActive ? 1 : 0) \(at.microseconds)" }

    /// `nil` for any text that `text` cannot have produced.
    init?(pool: String, text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, let count = Int(words[0]), count >= 0, let microseconds = Int64(words[2]),
            words[1] == "0" || words[1] == "1"
        else { return nil }
        self.init(
            pool: pool, count: count, isActive: words[1] == "1", at: Timestamp(microseconds: microseconds))
    }
}
