/// Kubernetes' numbers: `5`, `500m`, `1.5k`, `2Gi`, `1e3`.
///
/// - Source: `apimachinery/pkg/api/resource/quantity.go`.
enum Quantity {
    private static let suffixes: [(String, Double)] = [
        ("Ki", 1_024), ("Mi", 1_048_576), ("Gi", 1_073_741_824), ("Ti", 1_099_511_627_776),
        ("Pi", 1_125_899_906_842_624),
        ("Ei", 1_152_921_504_606_846_976), ("n", 1e-9), ("u", 1e-6), ("m", 1e-3), ("k", 1e3), ("M", 1e6), ("G", 1e9),
        ("T", 1e12), ("P", 1e15), ("E", 1e18),
    ]

    /// The number that `text` stands for; `nil` if it is none, or not finite.
    static func value(of text: String) -> Double? {
        for (suffix, factor) in suffixes where text.hasSuffix(suffix) {
            // A division is exact where a product with a thousandth is not: 300m is 0.3.
            return number(text.dropLast(suffix.count)).map { factor < 1 ? $0 / (1 / factor).rounded() : $0 * factor }
        }
        return number(text[...])
    }

    private static func number(_ text: Substring) -> Double? {
        let isDecimal = text.utf8.allSatisfy { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
        guard isDecimal, let value = Double(text), value.isFinite else { return nil }
        return value
    }
}
