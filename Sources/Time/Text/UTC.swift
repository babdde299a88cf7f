/// A point in time as the date and the time of day of its UTC text.
package struct UTC: Sendable, Equatable {
    package let date: CivilDate
    /// Since midnight, 0 to 86,399,999.
    package let millisecondOfDay: Int

    package init(_ time: Timestamp) {
        let milliseconds = time.microseconds.flooredQuotient(by: 1_000)
        let day = milliseconds.flooredQuotient(by: 86_400_000)
        date = CivilDate(daysSinceEpoch: Int(day))
        millisecondOfDay = Int(milliseconds - day * 86_400_000)
    }

    /// `2026-01-31 08:30:01Z`.
    package var seconds: String { "\(date) \(time)Z" }

    /// `2026-01-31 08:30:01.250Z`.
    package var milliseconds: String { "\(date) \(time).\(fraction)Z" }

    /// `2026-01-31T08:30:01.250Z`, as RFC 3339 has it.
    package var rfc3339: String { "\(date)T\(time).\(fraction)Z" }

    private var time: String {
        let second = millisecondOfDay / 1_000
        return "\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
    }

    private var fraction: String { padded(millisecondOfDay % 1_000, 3) }

    private func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}
