/// The texts of durations and byte counts in settings files.
package enum Quantities {
    private static let durationUnits: [(name: String, nanoseconds: Int64)] = [
        ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
        ("d", 86_400_000_000_000),
    ]

    private static let byteUnits: [(name: String, bytes: Int64)] = [
        ("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20),
        ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The duration that `text` names, for example `250ms`, `1.5s`, `5m`; `nil` if it names none.
    ///
    /// Units: `us`, `ms`, `s`, `m`, `h`, `d`; a unit is required. Not negative; up to about 290 years,
    /// to the nanosecond.
    package static func duration(_ text: some StringProtocol) -> Duration? {
        scaled(String(text), durationUnits.map { ($0.name, $0.nanoseconds) }).map { .nanoseconds($0) }
    }

    /// The bytes that `text` names, for example `64MiB`, `1.5GB`, `512B`; `nil` if it names none.
    ///
    /// Units: `B`, `kB`, `MB`, `GB` (powers of 1,000), `KiB`, `MiB`, `GiB`, `TiB` (powers of 1,024); a unit
    /// is required.
    package static func bytes(_ text: some StringProtocol) -> Int? {
        scaled(String(text), byteUnits.map { ($0.name, $0.bytes) }).map(Int.init)
    }

    /// The shortest text that `duration(_:)` reads back as `duration`, in the largest unit that divides it.
    package static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow, duration != .zero else { return "\(seconds)s" }
        let nanoseconds = whole + attoseconds / 1_000_000_000
        let unit = durationUnits.last {
            nanoseconds % $0.nanoseconds == 0 && ($0.name != "d" || nanoseconds > 2 * $0.nanoseconds)
        }
        guard let unit else { return "\(Double(nanoseconds) / 1_000)us" }
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }

    /// The shortest text that `bytes(_:)` reads back as `bytes`, in the largest binary unit that divides it.
    package static func text(bytes: Int) -> String {
        let binary = byteUnits.filter { $0.name == "B" || $0.name.hasSuffix("iB") }
        guard bytes != 0, let unit = binary.last(where: { Int64(bytes) % $0.bytes == 0 }) else { return "\(bytes)B" }
        return "\(Int64(bytes) / unit.bytes)\(unit.name)"
    }

    /// `number``unit`, where number is digits with at most nine decimals, as an exact count of the base unit.
    private static func scaled(_ text: String, _ units: [(String, Int64)]) -> Int64? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let name = text[number.endIndex...].drop { $0 == " " }
        guard let factor = units.first(where: { $0.0 == name })?.1 else { return nil }
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = SettingsNumber.integer(first).map(Int64.init) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
        if overflow { return nil }
        guard parts.count == 2 else { return product }
        let decimals = parts[1]
        guard (1...9).contains(decimals.count), decimals.allSatisfy({ $0.isASCII && $0.isNumber }),
            let numerator = Int64(decimals)
        else { return nil }
        var denominator: Int64 = 1
        for _ in decimals { denominator *= 10 }
        let (scaledNumerator, tooLarge) = numerator.multipliedReportingOverflow(by: factor)
        let fraction =
            tooLarge
            ? Int64(Double(numerator) / Double(denominator) * Double(factor)) : scaledNumerator / denominator
        let (sum, overflowed) = product.addingReportingOverflow(fraction)
        return overflowed ? nil : sum
    }
}

/// The texts of plain numbers in settings files: decimal, `_` between digits, no leading zeros (YAML 1.1 would
/// read `010` as eight).
enum SettingsNumber {
    static func integer(_ text: some StringProtocol) -> Int? {
        guard let digits = digits(text) else { return nil }
        return Int(digits)
    }

    static func number(_ text: some StringProtocol) -> Double? {
        guard let digits = digits(text), let value = Double(digits), value.isFinite else { return nil }
        return value
    }

    /// `text` without its separators, or `nil` if it is not written as a plain decimal number.
    private static func digits(_ text: some StringProtocol) -> String? {
        let unsigned = text.first == "-" ? text.dropFirst() : text.dropFirst(0)
        guard let first = unsigned.first, first.isASCII, first.isNumber, text.last != "_", !text.contains("__") else {
            return nil
        }
        let whole = unsigned.prefix { $0.isASCII && ($0.isNumber || $0 == "_") }
        if whole.count > 1, first == "0" { return nil }
        guard text.allSatisfy({ $0.isASCII && ($0.isNumber || "._-eE+".contains($0)) }) else { return nil }
        return String(text.filter { $0 != "_" })
    }
}
