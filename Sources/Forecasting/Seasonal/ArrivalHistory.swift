package import Time

/// Arrivals of one model by the minute for the last 15 days: a ring of 21,600 counts, 86.4 kB.
///
/// A minute that nobody recorded (the scaler was down) is unknown, which is not the same as 0 arrivals.
package struct ArrivalHistory: Sendable, Equatable {
    /// 15 days: two weeks back, plus the window around it and a change of clocks.
    package static let capacity = 15 * 24 * 60
    private static let unknown = UInt32.max

    private var counts: [UInt32]
    /// Minutes since the epoch of the newest count; `nil` while empty.
    package private(set) var newestMinute: Int64?

    package init() { counts = Array(repeating: Self.unknown, count: Self.capacity) }

    package static func minute(of time: Timestamp) -> Int64 { time.microseconds.flooredQuotient(by: 60_000_000) }

    /// Adds `jobs` to the minute of `time`. Record 0 too: it makes the minute known. Saturates at 4,294,967,294.
    ///
    /// Minutes older than 15 days before the newest are not kept. O(minutes skipped), at most 21,600.
    package mutating func record(_ jobs: Int, at time: Timestamp) {
        let minute = Self.minute(of: time)
        advance(to: minute)
        guard let newestMinute, newestMinute - minute < Int64(Self.capacity) else { return }
        let slot = Self.slot(minute)
        let known = counts[slot] == Self.unknown ? 0 : UInt64(counts[slot])
        counts[slot] = UInt32(min(known + UInt64(min(max(0, jobs), 1 << 40)), UInt64(Self.unknown - 1)))
    }

    /// Arrivals in `minute` (minutes since the epoch), or `nil` if not known.
    package func count(inMinute minute: Int64) -> UInt32? {
        guard let newestMinute, minute <= newestMinute, minute > newestMinute - Int64(Self.capacity) else { return nil }
        let count = counts[Self.slot(minute)]
        return count == Self.unknown ? nil : count
    }

    private mutating func advance(to minute: Int64) {
        guard let newest = newestMinute else {
            newestMinute = minute
            return
        }
        guard minute > newest else { return }
        if minute - newest >= Int64(Self.capacity) {
            counts = Array(repeating: Self.unknown, count: Self.capacity)
        } else {
            for skipped in (newest + 1)...minute { counts[Self.slot(skipped)] = Self.unknown }
        }
        newestMinute = minute
    }

    private static func slot(_ minute: Int64) -> Int {
        let capacity = Int64(Self.capacity)
        return Int(minute - minute.flooredQuotient(by: capacity) * capacity)
    }
}
