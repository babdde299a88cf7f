import Time

/// The texts of byte counts in settings files.
package enum Quantities {
    private static let byteUnits: [(name: String, size: Int64)] = [
        ("B", 1), ("kB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("KiB", 1 << 10), ("MiB", 1 << 20),
        ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    /// The bytes that `text` names, for example `64MiB`, `1.5GB`, `512B`; `nil` if it names none.
    ///
    /// Units: `B`, `kB`, `MB`, `GB` (powers of 1,000), `KiB`, `MiB`, `GiB`, `TiB` (powers of 1,024); a unit
    /// is required.
    package static func bytes(_ text: some StringProtocol) -> Int? {
        QuantityText.scaled(text, byteUnits).map(Int.init)
    }

    /// The shortest text that `bytes(_:)` reads back as `bytes`, in the largest binary unit that divides it.
    package static func text(bytes: Int) -> String {
        let binary = byteUnits.filter { $0.name == "B" || $0.name.hasSuffix("iB") }
        guard bytes != 0, let unit = binary.last(where: { Int64(bytes) % $0.size == 0 }) else { return "\(bytes)B" }
        return "\(Int64(bytes) / unit.size)\(unit.name)"
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
