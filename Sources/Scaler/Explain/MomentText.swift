import Settings
package import Time

/// Moments as people write them.
package enum MomentText {
    private static let day: Int64 = 86_400

    /// The moment that `text` names: `2026-06-01T08:30:00Z` (seconds, Z and the part after T may be missing; always UTC),
    /// `08:30` or `08:30:15` (the last time it was so late, UTC), `10m` (ago), `now`; `nil` if it names none.
    package static func moment(_ text: String, now: Timestamp) -> Timestamp? {
        if text == "now" { return now }
        if let ago = Quantities.duration(text.hasSuffix(" ago") ? String(text.dropLast(4)) : text) { return now - ago }
        let plain = text.hasSuffix("Z") ? String(text.dropLast()) : text
        let parts = plain.split(whereSeparator: { $0 == "T" || $0 == " " }).map(String.init)
        switch parts.count {
        case 1:
            if let seconds = timeOfDay(parts[0]) {
                let today = now.microseconds / 1_000_000 / day * day + seconds
                let found = Timestamp(microseconds: today * 1_000_000)
                return found > now ? found - .seconds(day) : found
            }
            return days(parts[0]).map { Timestamp(microseconds: $0 * day * 1_000_000) }
        case 2:
            guard let days = days(parts[0]), let seconds = timeOfDay(parts[1]) else { return nil }
            return Timestamp(microseconds: (days * day + seconds) * 1_000_000)
        default: return nil
        }
    }

    /// `2026-06-01 08:30:00Z`.
    package static func text(_ time: Timestamp) -> String {
        let seconds = max(time.microseconds, 0) / 1_000_000
        let (year, month, date) = civil(seconds / day)
        let rest = seconds % day
        return "\(year)-\(two(month))-\(two(date)) \(two(rest / 3_600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    private static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static func timeOfDay(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { digits($0, 2) }
        guard (2...3).contains(parts.count), let hour = parts[0], let minute = parts[1], hour < 24, minute < 60 else {
            return nil
        }
        guard parts.count == 3 else { return hour * 3_600 + minute * 60 }
        guard let second = parts[2], second < 60 else { return nil }
        return hour * 3_600 + minute * 60 + second
    }

    private static func digits(_ text: some StringProtocol, _ count: Int) -> Int64? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int64(text)
    }

    /// Days since 1970 of `2026-06-01`.
    /// - Source: Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil.
    private static func days(_ text: String) -> Int64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let year = digits(parts[0], 4), let month = digits(parts[1], 2),
            let date = digits(parts[2], 2), year >= 1970, (1...12).contains(month), (1...31).contains(date)
        else { return nil }
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + date - 1
        let found = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        let (_, _, again) = civil(found)
        // The 31st of a month of 30 days would be the first of the next.
        return again == date ? found : nil
    }

    /// - Source: as above, civil_from_days.
    private static func civil(_ days: Int64) -> (year: Int64, month: Int64, date: Int64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
