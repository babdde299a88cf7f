/// A point in time on the cluster's common clock: microseconds since 1970-01-01T00:00:00Z.
///
/// Every stored time is one of these and comes from Redis `TIME` (through `RedisQueue.ServerClock`), so
/// machines whose own clocks disagree still agree on deadlines. Pure code receives it as a value.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// The epoch itself; the natural start of simulated time.
    package static let zero = Timestamp(microseconds: 0)

    package var milliseconds: Int64 { microseconds / 1_000 }

    package static func < (lhs: Timestamp, rhs: Timestamp) -> Bool { lhs.microseconds < rhs.microseconds }

    /// Saturates at the ends of the range: a deadline from outside can be absurd, never a trap.
    package static func + (lhs: Timestamp, rhs: Duration) -> Timestamp {
        let (sum, overflow) = lhs.microseconds.addingReportingOverflow(rhs.wholeMicroseconds)
        return Timestamp(microseconds: overflow ? (rhs < .zero ? .min : .max) : sum)
    }

    package static func - (lhs: Timestamp, rhs: Duration) -> Timestamp { lhs + (.zero - rhs) }

    /// The time from `rhs` to `lhs`, negative when `lhs` is earlier.
    package static func - (lhs: Timestamp, rhs: Timestamp) -> Duration {
        let (difference, overflow) = lhs.microseconds.subtractingReportingOverflow(rhs.microseconds)
        return .microseconds(overflow ? (lhs > rhs ? .max : .min) : difference)
    }
}

extension Duration {
    /// The duration in whole microseconds, rounded toward zero, saturating.
    package var wholeMicroseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, overflowed) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000_000)
        return overflowed ? (seconds < 0 ? .min : .max) : sum
    }

    /// The duration in whole milliseconds, rounded toward zero.
    package var wholeMilliseconds: Int64 { wholeMicroseconds / 1_000 }

    /// The duration in seconds as a floating-point number.
    package var seconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
