/// Names that are unique per boot of a process and never used again.
enum BootID {
    /// `prefix-` and sixteen hexadecimal digits of randomness: two gateways of one name would get each other's replies.
    static func make(_ prefix: String) -> String {
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(prefix)-\(String(repeating: "0", count: 16 - digits.count))\(digits)"
    }
}
