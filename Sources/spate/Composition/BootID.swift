/// Names that are unique per boot of a process and never used again.
enum BootID {
    /// `prefix-` and eight hexadecimal digits of randomness.
    static func make(_ prefix: String) -> String {
        let digits = String(UInt32.random(in: .min ... .max), radix: 16)
        return "\(prefix)-\(String(repeating: "0", count: 8 - digits.count))\(digits)"
    }
}
