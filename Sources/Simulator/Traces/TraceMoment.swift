import Time

/// Times as files of counts and arrivals have them.
enum TraceMoment {
    /// Seconds since 2001 or later are a date, smaller ones count from the start.
    static func isDated(_ seconds: Double) -> Bool { seconds > 978_307_200 }

    /// Seconds since 1970 or from the start; `nil` for what is no time.
    ///
    /// - `2026-06-01T08:00:00Z` and what `Timestamp.init(text:)` reads beside it.
    /// - A number: seconds, or since 1970 in milli-, micro- or nanoseconds, which its size tells.
    static func seconds(_ text: some StringProtocol) -> Double? {
        if let number = Double(text) {
            return switch abs(number) {
            case ..<1e11: number
            case ..<1e14: number / 1e3
            case ..<1e17: number / 1e6
            case ..<1e20: number / 1e9
            default: nil
            }
        }
        return Timestamp(text: text).map { Double($0.microseconds) / 1e6 }
    }
}
