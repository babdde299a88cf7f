import Time

/// Text that cannot break a log line or a JSON string.
enum LogText {
    /// Control characters, which could forge lines or drive a terminal, as `\n`, `\u001b`.
    static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return escape(text, quotes: false)
    }

    /// A JSON string (RFC 8259, section 7).
    static func quoted(_ text: String) -> String { "\"" + escape(text, quotes: true) + "\"" }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
    }

    private static func escape(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes: result += "\\\""
            case "\\" where quotes: result += "\\\\"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

/// A point in time as the parts of its UTC text.
struct UTC: CustomStringConvertible {
    /// `2026-01-31 08:30:01.250Z`
    let text: String
    /// `2026-01-31T08:30:01.250Z`
    let description: String

    /// - Source: days to civil date as in H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`.
    init(_ timestamp: Timestamp) {
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let (days, milliseconds) = Self.split(timestamp.milliseconds, by: 86_400_000)
        let (hours, rest) = Self.split(milliseconds, by: 3_600_000)
        let (minutes, seconds) = Self.split(rest, by: 60_000)
        let time =
            "\(padded(hours, 2)):\(padded(minutes, 2)):\(padded(seconds / 1_000, 2)).\(padded(seconds % 1_000, 3))"
        let (era, day) = Self.split(days + 719_468, by: 146_097)
        let yearOfEra = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(dayOfYear - (153 * shifted + 2) / 5 + 1, 2))"
        text = "\(date) \(time)Z"
        description = "\(date)T\(time)Z"
    }

    /// Quotient rounded down and the remainder, never negative.
    private static func split(_ value: Int64, by divisor: Int64) -> (Int64, Int64) {
        let remainder = (value % divisor + divisor) % divisor
        return ((value - remainder) / divisor, remainder)
    }
}
