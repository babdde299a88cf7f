/// Bytes that this version of Spate did not write.
package struct WireError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was expected, and at which byte.
    package var description: String

    init(_ description: String) { self.description = description }
}
