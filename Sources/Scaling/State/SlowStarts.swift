import Time

/// The slowest start seen of late. What was measured of earlier starts says nothing of today's registry or node pool: a
/// start that is overdue does, at once.
///
/// - Example: starts took 10 s; one is 17 s old and not ready: starts are planned with 17 s and more, for ten minutes.
struct SlowStarts: Sendable, Equatable, Codable {
    private var seconds = 0.0
    private var seen: Timestamp?

    /// - Returns: the age of the oldest start seen within ten minutes, in seconds.
    mutating func observe(_ ages: [Duration], at now: Timestamp) -> Double {
        if let seen, now - seen > .seconds(600) {
            seconds = 0
            self.seen = nil
        }
        var oldest = Duration.zero
        for age in ages where age > oldest { oldest = age }
        if oldest > .zero, oldest.seconds >= seconds {
            seconds = oldest.seconds
            seen = now
        }
        return seconds
    }
}
