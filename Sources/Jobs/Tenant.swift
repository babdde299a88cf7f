/// What may name a tenant, from a request's header to the keys that its usage is counted under.
package enum Tenant {
    package static let maximumLength = 64
    /// Stands for all tenants beyond those that a worker counts one by one; no request can name it.
    package static let others = "(others)"
    package static let allowed = "1 to \(maximumLength) of the characters A-Z a-z 0-9 . _ - : @"

    package static func isValid(_ name: some StringProtocol) -> Bool {
        (1...maximumLength).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: ":"), UInt8(ascii: "@")]
                        .contains(byte)
                }
            }
    }
}
