/// A tensor whose bytes do not fit what it says of itself.
package struct TensorError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Names the tensor, what was found and what is allowed.
    package var description: String

    package init(_ description: String) { self.description = description }
}
