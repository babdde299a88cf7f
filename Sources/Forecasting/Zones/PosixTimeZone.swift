import Time

/// The rule of a POSIX `TZ` text, as at the end of each zoneinfo file: `CET-1CEST,M3.5.0,M10.5.0/3`.
///
/// - Source: POSIX.1-2017, section 8.3; hours from -167 to 167 as in RFC 8536, section 3.3.1.
package struct PosixTimeZone: Sendable, Equatable {
    /// Seconds east of UTC in standard time.
    package var standardOffset: Int64
    package var daylight: Daylight?

    package struct Daylight: Sendable, Equatable {
        package var offset: Int64
        package var starts: Change
        package var ends: Change
    }

    /// A day of each year and the seconds of local time from its midnight (negative: the day before).
    package struct Change: Sendable, Equatable {
        package enum Day: Sendable, Equatable {
            /// 1 to 365; 29 February is not counted.
            case julian(Int)
            /// 0 to 365; 29 February is counted.
            case dayOfYear(Int)
            /// Week 1 to 5 (5 is the last) of a month, weekday 0 (Sunday) to 6.
            case weekday(month: Int, week: Int, weekday: Int)
        }
        package var day: Day
        package var seconds: Int64

        /// Seconds since 1970-01-01T00:00:00 on the local clock.
        func local(in year: Int) -> Int64 {
            Int64(daysSinceEpoch(in: year)) * 86_400 + seconds
        }

        private func daysSinceEpoch(in year: Int) -> Int {
            guard let first = CivilDate(year: year, month: 1, day: 1) else { return 0 }
            switch day {
            case .dayOfYear(let number): return first.daysSinceEpoch + number
            case .julian(let number):
                return first.daysSinceEpoch + number - 1 + (CivilDate.isLeap(year) && number >= 60 ? 1 : 0)
            case .weekday(let month, let week, let weekday):
                guard let start = CivilDate(year: year, month: month, day: 1) else { return first.daysSinceEpoch }
                let startDays = start.daysSinceEpoch
                let startWeekday = (startDays + 4) - (startDays + 4).flooredQuotient(by: 7) * 7
                var days = (weekday - startWeekday + 7) % 7 + (week - 1) * 7
                if days >= CivilDate.days(inMonth: month, of: year) { days -= 7 }
                return startDays + days
            }
        }
    }

    /// Seconds east of UTC at `seconds` since the epoch.
    package func offset(at seconds: Int64) -> Int64 {
        guard let daylight else { return standardOffset }
        let clamped = min(max(seconds, -(1 << 50)), 1 << 50)
        let localDays = (clamped + standardOffset).flooredQuotient(by: 86_400)
        let year = min(max(CivilDate(daysSinceEpoch: Int(localDays)).year, 1), 9999)
        let starts = daylight.starts.local(in: year) - standardOffset
        let ends = daylight.ends.local(in: year) - daylight.offset
        let isDaylight =
            starts < ends ? starts <= clamped && clamped < ends : !(ends <= clamped && clamped < starts)
        return isDaylight ? daylight.offset : standardOffset
    }
}

extension PosixTimeZone {
    /// Reads a POSIX `TZ` text; `nil` if it is not one.
    package init?(_ text: String) {
        var reader = PosixReader(bytes: Array(text.utf8))
        guard reader.skipName(), let standard = reader.time(maximumHours: 24) else { return nil }
        standardOffset = -standard
        guard !reader.isAtEnd else { return }
        guard reader.skipName() else { return nil }
        var offset = standardOffset + 3_600
        if reader.peek != UInt8(ascii: ",") {
            guard let given = reader.time(maximumHours: 24) else { return nil }
            offset = -given
        }
        guard let starts = reader.change(), let ends = reader.change(), reader.isAtEnd else { return nil }
        daylight = Daylight(offset: offset, starts: starts, ends: ends)
    }
}

private struct PosixReader {
    let bytes: [UInt8]
    var index = 0

    var isAtEnd: Bool { index >= bytes.count }
    var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        index += 1
        return true
    }

    /// Three or more letters, or anything but `>` within `<` and `>`.
    mutating func skipName() -> Bool {
        let start = index
        if take(UInt8(ascii: "<")) {
            while let byte = peek, byte != UInt8(ascii: ">") { index += 1 }
            return take(UInt8(ascii: ">")) && index - start >= 3
        }
        while let byte = peek, (65...90).contains(byte) || (97...122).contains(byte) { index += 1 }
        return index - start >= 3
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int? {
        var value = 0
        let start = index
        while let byte = peek, (48...57).contains(byte), index - start < 4 {
            value = value * 10 + Int(byte - 48)
            index += 1
        }
        return index > start && range.contains(value) ? value : nil
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time(maximumHours: Int) -> Int64? {
        let isNegative = take(UInt8(ascii: "-"))
        if !isNegative { _ = take(UInt8(ascii: "+")) }
        guard let hours = number(0...maximumHours) else { return nil }
        var seconds = hours * 3_600
        for unit in [60, 1] {
            guard take(UInt8(ascii: ":")) else { break }
            guard let part = number(0...59) else { return nil }
            seconds += part * unit
        }
        return Int64(isNegative ? -seconds : seconds)
    }

    /// `,date[/time]`; the time is 02:00 if it is not given.
    mutating func change() -> PosixTimeZone.Change? {
        guard take(UInt8(ascii: ",")), let day = day() else { return nil }
        guard take(UInt8(ascii: "/")) else { return .init(day: day, seconds: 7_200) }
        return time(maximumHours: 167).map { .init(day: day, seconds: $0) }
    }

    private mutating func day() -> PosixTimeZone.Change.Day? {
        if take(UInt8(ascii: "J")) { return number(1...365).map { .julian($0) } }
        guard take(UInt8(ascii: "M")) else { return number(0...365).map { .dayOfYear($0) } }
        guard let month = number(1...12), take(UInt8(ascii: ".")), let week = number(1...5), take(UInt8(ascii: ".")),
            let weekday = number(0...6)
        else { return nil }
        return .weekday(month: month, week: week, weekday: weekday)
    }
}
