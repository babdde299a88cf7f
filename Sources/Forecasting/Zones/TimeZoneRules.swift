package import Time

/// When a zone's distance from UTC changes: a table of past and declared changes and a rule for all later times.
///
/// Given from outside (`TimeZoneRules(tzif:name:)` reads the bytes of a zoneinfo file); nothing here reads a file.
package struct TimeZoneRules: Sendable, Equatable {
    package struct Transition: Sendable, Equatable {
        /// Seconds since 1970-01-01T00:00:00Z.
        package var at: Int64
        /// Seconds east of UTC from then on.
        package var offset: Int64
    }

    /// As in `Europe/Berlin`.
    package var name: String
    /// Seconds east of UTC before the first transition.
    package var initialOffset: Int64
    /// Ascending in time.
    package var transitions: [Transition]
    /// Holds after the last transition; `nil` if the last offset stays.
    package var rule: PosixTimeZone?

    package init(
        name: String, initialOffset: Int64 = 0, transitions: [Transition] = [], rule: PosixTimeZone? = nil
    ) {
        self.name = name
        self.initialOffset = initialOffset
        self.transitions = transitions
        self.rule = rule
    }

    package static let utc = TimeZoneRules(name: "UTC")

    /// Seconds east of UTC at `seconds` since the epoch. O(log transitions).
    package func offset(at seconds: Int64) -> Int64 {
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle].at <= seconds { low = middle + 1 } else { high = middle }
        }
        if low == transitions.count, let rule { return rule.offset(at: seconds) }
        return low == 0 ? initialOffset : transitions[low - 1].offset
    }

    /// What a local clock reading means.
    package enum Reading: Sendable, Equatable {
        case once(Int64)
        /// The clock is moved over it; the instant is the reading taken with the offset before the change.
        case never(Int64)
        /// The clock is moved back over it.
        case twice(first: Int64, second: Int64)

        /// The instant that an event at this reading happens: the first of two, and for a reading that does not exist
        /// as much later as the clock was moved.
        ///
        /// - Example: Europe/Berlin, 02:30 on 2026-03-29 (no such time) is 03:30 CEST; 02:30 on 2026-10-25 (twice)
        ///   is the one in CEST.
        /// - Source: RFC 5545, section 3.3.5.
        package var instant: Int64 {
            switch self {
            case .once(let instant), .never(let instant), .twice(let instant, _): instant
            }
        }
    }

    /// The instants at which a clock in this zone reads `local` (seconds since 1970-01-01T00:00:00 on that clock).
    package func reading(of local: Int64) -> Reading {
        // No offset is more than 26 h, so these two are the offsets before and after any change near `local`.
        let span: Int64 = 26 * 3_600
        let clamped = min(max(local, -(1 << 50)), 1 << 50)
        let before = offset(at: clamped - span)
        let after = offset(at: clamped + span)
        var found: [Int64] = []
        for candidate in Set([before, after, offset(at: clamped - before), offset(at: clamped - after)])
        where offset(at: clamped - candidate) == candidate {
            found.append(clamped - candidate)
        }
        found.sort()
        guard let first = found.first else { return .never(clamped - before) }
        return found.count == 1 ? .once(first) : .twice(first: first, second: found[1])
    }

    /// The local clock at `time`, in seconds since 1970-01-01T00:00:00 on that clock.
    package func local(_ time: Timestamp) -> Int64 {
        let seconds = time.microseconds.flooredQuotient(by: 1_000_000)
        return seconds + offset(at: seconds)
    }
}

/// What is wrong with the bytes of a zoneinfo file or a POSIX `TZ` text.
package struct TimeZoneError: Error, Sendable, Equatable, CustomStringConvertible {
    package var zone: String
    package var message: String

    package var description: String { "time zone \(zone): \(message)" }
}
