/// The key under which all gateways of a cluster sign the ids of jobs; 32 random bytes.
///
/// It is written nowhere but in the store: `description` does not tell it.
package struct JobSecret: Hashable, Sendable, CustomStringConvertible {
    package static let length = 32

    package let bytes: [UInt8]

    /// `nil` unless there are exactly `length` bytes.
    package init?(_ bytes: some Sequence<UInt8>) {
        let bytes = Array(bytes)
        guard bytes.count == Self.length else { return nil }
        self.bytes = bytes
    }

    /// A fresh one.
    /// - Parameter generator: must be fit for secrets, as the system's is.
    package init(using generator: inout some RandomNumberGenerator) {
        bytes = (0..<Self.length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    package var description: String { "a secret of \(Self.length) bytes" }
}
