extension Duration {
    private static let textUnits: [(name: String, size: Int64)] = [
        ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ]

    /// The duration that `text` names, for example `250ms`, `1.5s`, `5m`; `nil` if it names none. The one spelling of durations:
    /// in files, on the command line, in queries.
    ///
    /// Units: `us`, `ms`, `s`, `m`, `h`, `d`; a unit is required. Not negative; up to about 290 years, to the nanosecond.
    package init?(text: some StringProtocol) {
        guard let nanoseconds = QuantityText.scaled(text, Self.textUnits) else { return nil }
        self = .nanoseconds(nanoseconds)
    }

    /// The shortest text that `init(text:)` reads back as the same, in the largest unit that divides it.
    package var text: String {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, self != .zero else { return "\(seconds)s" }
        let nanoseconds = whole + attoseconds / 1_000_000_000
        let unit = Self.textUnits.last {
            nanoseconds % $0.size == 0 && ($0.name != "d" || nanoseconds > 2 * $0.size)
        }
        guard let unit else { return "\(Double(nanoseconds) / 1_000)us" }
        return "\(nanoseconds / unit.size)\(unit.name)"
    }
}
