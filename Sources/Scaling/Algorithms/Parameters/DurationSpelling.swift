/// The one place of this target where the spelling of durations is known: `250ms`, `1.5s`, `5m`, as in a cluster file.
enum DurationSpelling {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ]

    /// Units: `us`, `ms`, `s`, `m`, `h`, `d`; a unit is required. Not negative.
    static func duration(_ text: String) -> Duration? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let unit = units.first(where: { $0.name == text[number.endIndex...] }), let value = Double(number)
        else { return nil }
        let nanoseconds = value * Double(unit.nanoseconds)
        guard nanoseconds < 9e18 else { return nil }
        return .nanoseconds(Int64(nanoseconds.rounded()))
    }

    /// In the largest unit that divides it.
    static func text(_ duration: Duration) -> String {
        let nanoseconds = duration.wholeNanoseconds
        guard nanoseconds != 0 else { return "0s" }
        let unit = units.last { nanoseconds.isMultiple(of: $0.nanoseconds) } ?? units[0]
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
}

extension Duration {
    /// Saturating.
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled + attoseconds / 1_000_000_000
    }
}
