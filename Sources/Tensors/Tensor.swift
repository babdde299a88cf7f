package import NIOCore

/// A named, typed, shaped block of bytes: row-major, little-endian, as the binary tensor extension of V2
/// lays it out (BOOL one byte; BYTES a little-endian `UInt32` length before each element).
///
/// `bytes` is a slice that shares storage with the buffer it was cut from, so a tensor travels from the
/// request body to Redis and from Redis to the backend without being copied.
package struct Tensor: Sendable, Equatable {
    package var name: String
    package var elementType: ElementType
    package var shape: Shape
    package var bytes: ByteBuffer

    /// Does not check that `bytes` fits `shape`: see `TensorSpecification.validate`.
    package init(name: String, elementType: ElementType, shape: Shape, bytes: ByteBuffer) {
        self.name = name
        self.elementType = elementType
        self.shape = shape
        self.bytes = bytes
    }
}
