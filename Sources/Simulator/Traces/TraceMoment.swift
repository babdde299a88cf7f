/// Times as files of counts and arrivals have them.
enum TraceMoment {
    /// Seconds since 2001 or later are a date, smaller ones count from the start.
    static func isDated(_ seconds: Double) -> Bool { seconds > 978_307_200 }

    /// Seconds since 1970 or from the start; `nil` for what is no time.
    ///
    /// - `2026-06-01T08:00:00Z`, a blank in the place of the T, without seconds, with fractions, `+02:00` or no zone, which is
    ///   UTC; a date alone is its midnight.
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
        return instant(text)
    }

    private static func instant(_ text: some StringProtocol) -> Double? {
        var bytes = Array(text.utf8)[...]
        guard let year = digits(&bytes, 4), take("-", &bytes), let month = digits(&bytes, 2), take("-", &bytes),
            let day = digits(&bytes, 2), (1970...9999).contains(year), (1...12).contains(month),
            (1...length(of: month, in: year)).contains(day)
        else { return nil }
        let midnight = Double(days(year, month, day)) * 86_400
        if bytes.isEmpty { return midnight }
        guard take("T", &bytes) || take("t", &bytes) || take(" ", &bytes) else { return nil }
        while take(" ", &bytes) {}
        guard let hour = digits(&bytes, 2), take(":", &bytes), let minute = digits(&bytes, 2), hour < 24, minute < 60
        else { return nil }
        var second = 0.0
        if take(":", &bytes) {
            guard let whole = digits(&bytes, 2), whole <= 60, let fraction = fraction(&bytes) else { return nil }
            second = Double(whole) + fraction
        }
        guard let offset = offset(&bytes) else { return nil }
        return midnight + Double(hour) * 3_600 + Double(minute) * 60 + second - offset
    }

    /// Seconds east of UTC; `nil` when what is left is no zone.
    private static func offset(_ bytes: inout ArraySlice<UInt8>) -> Double? {
        while take(" ", &bytes) {}
        if bytes.isEmpty || bytes.elementsEqual("Z".utf8) || bytes.elementsEqual("z".utf8)
            || bytes.elementsEqual("UTC".utf8) || bytes.elementsEqual("GMT".utf8)
        {
            return 0
        }
        let sign = take("+", &bytes) ? 1.0 : take("-", &bytes) ? -1.0 : 0
        guard sign != 0, let hours = digits(&bytes, 2), hours <= 15 else { return nil }
        var minutes = 0
        if !bytes.isEmpty {
            _ = take(":", &bytes)
            guard let given = digits(&bytes, 2), given < 60, bytes.isEmpty else { return nil }
            minutes = given
        }
        return sign * Double(hours * 3_600 + minutes * 60)
    }

    /// `.250`, or 0 where there is none.
    private static func fraction(_ bytes: inout ArraySlice<UInt8>) -> Double? {
        guard take(".", &bytes) || take(",", &bytes) else { return 0 }
        let text = bytes.prefix { (48...57).contains($0) }
        bytes = bytes.dropFirst(text.count)
        return text.isEmpty ? nil : Double("0." + String(decoding: text, as: UTF8.self))
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int? {
        let text = bytes.prefix(count)
        guard text.count == count, text.allSatisfy({ (48...57).contains($0) }) else { return nil }
        bytes = bytes.dropFirst(count)
        return text.reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    private static func take(_ character: Unicode.Scalar, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard bytes.first == UInt8(ascii: character) else { return false }
        bytes = bytes.dropFirst()
        return true
    }

    private static func length(of month: Int, in year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    /// Days since 1970.
    /// - Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
