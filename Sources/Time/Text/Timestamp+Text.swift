extension Timestamp {
    /// The moment that `text` names, as RFC 3339 writes it and people do.
    ///
    /// `2026-06-01T08:00:00Z`, a blank in the place of the T, without seconds, with fractions (to the microsecond), `+02:00` or no
    /// zone, which is UTC; a date alone is its midnight. From 1970 to 9999.
    package init?(text: some StringProtocol) {
        var bytes = Array(text.utf8)[...]
        guard let date = CivilDate(String(decoding: bytes.prefix(10), as: UTF8.self)), date.year >= 1970 else {
            return nil
        }
        bytes = bytes.dropFirst(10)
        let midnight = Int64(date.daysSinceEpoch) * 86_400_000_000
        if bytes.isEmpty {
            self.init(microseconds: midnight)
            return
        }
        guard bytes.take("T") || bytes.take("t") || bytes.take(" ") else { return nil }
        while bytes.take(" ") {}
        guard let time = bytes.takeTimeOfDay(), let offset = bytes.takeOffset() else { return nil }
        self.init(microseconds: midnight + time - offset * 1_000_000)
    }

    /// The microseconds since midnight of `08:30` or `08:30:15`; `nil` for anything else.
    static func timeOfDay(_ text: some StringProtocol) -> Int64? {
        var bytes = Array(text.utf8)[...]
        guard let time = bytes.takeTimeOfDay(), bytes.isEmpty, time < 86_400_000_000 else { return nil }
        return time
    }
}

extension ArraySlice<UInt8> {
    /// In microseconds. A leap second is the next minute's first.
    fileprivate mutating func takeTimeOfDay() -> Int64? {
        guard let hour = takeDigits(2), take(":"), let minute = takeDigits(2), hour < 24, minute < 60 else {
            return nil
        }
        let minutes = (hour * 60 + minute) * 60_000_000
        guard take(":") else { return minutes }
        guard let second = takeDigits(2), second <= 60, let fraction = takeFraction() else { return nil }
        return minutes + second * 1_000_000 + fraction
    }

    /// Seconds east of UTC; `nil` when what is left is no zone.
    fileprivate mutating func takeOffset() -> Int64? {
        while take(" ") {}
        if isEmpty || ["Z", "z", "UTC", "GMT"].contains(String(decoding: self, as: UTF8.self)) { return 0 }
        let sign: Int64 = take("+") ? 1 : take("-") ? -1 : 0
        guard sign != 0, let hours = takeDigits(2), hours <= 15 else { return nil }
        if isEmpty { return sign * hours * 3_600 }
        _ = take(":")
        guard let minutes = takeDigits(2), minutes < 60, isEmpty else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    /// `.250` in microseconds, or 0 where there is none.
    private mutating func takeFraction() -> Int64? {
        guard take(".") || take(",") else { return 0 }
        let digits = prefix { (0x30...0x39).contains($0) }
        self = dropFirst(digits.count)
        guard !digits.isEmpty else { return nil }
        var (value, scale): (Int64, Int64) = (0, 100_000)
        for digit in digits.prefix(6) {
            value += Int64(digit - 0x30) * scale
            scale /= 10
        }
        return value
    }

    private mutating func takeDigits(_ count: Int) -> Int64? {
        let digits = prefix(count)
        guard digits.count == count, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        self = dropFirst(count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    fileprivate mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard first == UInt8(ascii: character) else { return false }
        self = dropFirst()
        return true
    }
}
