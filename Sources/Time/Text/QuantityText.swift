/// Texts of a number and a unit, as `1.5s` or `64MiB`: read exactly, with integers alone.
package enum QuantityText {
    /// - Parameter units: by name, as multiples of the base unit.
    /// - Returns: an exact count of the base unit, rounded toward zero; `nil` unless `text` is digits (with `_` between them, no
    ///   leading zeros, at most nine decimals), perhaps a blank, and a unit, and fits.
    package static func scaled(_ text: some StringProtocol, _ units: [(name: String, size: Int64)]) -> Int64? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let name = text[number.endIndex...].drop { $0 == " " }
        guard let unit = units.first(where: { $0.name == name })?.size else { return nil }
        let parts = number.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let whole = whole(first) else { return nil }
        let (product, overflow) = whole.multipliedReportingOverflow(by: unit)
        if overflow { return nil }
        guard parts.count == 2 else { return product }
        guard let fraction = fraction(parts[1], of: unit) else { return nil }
        let (sum, overflowed) = product.addingReportingOverflow(fraction)
        return overflowed ? nil : sum
    }

    private static func whole(_ text: some StringProtocol) -> Int64? {
        guard let first = text.first, first != "_", text.last != "_", !text.contains("__") else { return nil }
        let digits = String(text.filter { $0 != "_" })
        // YAML 1.1 would read 010 as eight.
        return text.count > 1 && first == "0" ? nil : Int64(digits)
    }

    private static func fraction(_ decimals: some StringProtocol, of unit: Int64) -> Int64? {
        guard (1...9).contains(decimals.count), decimals.allSatisfy({ $0.isASCII && $0.isNumber }),
            let numerator = Int64(String(decimals))
        else { return nil }
        var denominator: Int64 = 1
        for _ in 0..<decimals.count { denominator *= 10 }
        let (product, isTooLarge) = numerator.multipliedReportingOverflow(by: unit)
        return isTooLarge
            ? Int64(Double(numerator) / Double(denominator) * Double(unit)) : product / denominator
    }
}
