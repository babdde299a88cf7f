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

// MARK: Bytes

extension ArrivalHistory {
    /// `SPF1`, the newest minute as 8 bytes little-endian, then from the oldest minute on count + 1 as LEB128
    /// (0: unknown): one byte for a minute with up to 126 arrivals, so 21.6 kB for a quiet model.
    package var bytes: [UInt8] {
        guard let newestMinute else { return Array("SPF1".utf8) }
        var bytes = Array("SPF1".utf8)
        for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: newestMinute >> Int64(shift * 8))) }
        for minute in (newestMinute - Int64(Self.capacity) + 1)...newestMinute {
            var value = count(inMinute: minute).map { UInt64($0) + 1 } ?? 0
            while value >= 128 {
                bytes.append(UInt8(value & 127) | 128)
                value >>= 7
            }
            bytes.append(UInt8(value))
        }
        return bytes
    }

    /// Reads what `bytes` wrote; `nil` for anything else, never traps.
    package init?(bytes: [UInt8]) {
        self.init()
        guard bytes.starts(with: Array("SPF1".utf8)) else { return nil }
        if bytes.count == 4 { return }
        guard bytes.count >= 12 else { return nil }
        let newest = (0..<8).reduce(Int64(0)) { $0 | Int64(bytes[4 + $1]) << Int64($1 * 8) }
        guard abs(newest / 2) < 1 << 50 else { return nil }
        newestMinute = newest
        var index = 12
        for minute in (newest - Int64(Self.capacity) + 1)...newest {
            var value: UInt64 = 0
            var shift: UInt64 = 0
            while true {
                guard index < bytes.count, shift <= 28 else { return nil }
                let byte = bytes[index]
                index += 1
                value |= UInt64(byte & 127) << shift
                shift += 7
                if byte < 128 { break }
            }
            guard value <= UInt64(Self.unknown) else { return nil }
            counts[Self.slot(minute)] = value == 0 ? Self.unknown : UInt32(value - 1)
        }
        guard index == bytes.count else { return nil }
    }
}
