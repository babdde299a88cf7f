package import NIOCore

/// A named, typed, shaped block of bytes: row-major, little-endian, as the binary tensor extension of V2
/// lays it out (BOOL one byte; BYTES a little-endian `UInt32` length before each element).
///
/// `bytes` is a slice that shares storage with the buffer it was cut from. On the way in a worker copies a tensor's bytes once,
/// from what it read off the socket into a reply of its own, which begins at a multiple of 64 bytes; the runtime reads a batch
/// of one there. A batch of several is copied once more, when rows are joined. A gateway copies them once, from the request's
/// body into the command to Redis (`PayloadCopiesTests` counts).
package struct Tensor: Sendable, Equatable {
    /// What one `ByteBuffer` can hold, 4 GiB less one; beyond it NIO traps.
    package static let maximumBytes = Int(UInt32.max)

    /// The bytes of so many elements and `others`; `nil` if no tensor may have so many.
    package static func size(elements: Int, width: Int, beside others: Int = 0) -> Int? {
        let (product, overflow) = elements.multipliedReportingOverflow(by: width)
        let (size, overflows) = product.addingReportingOverflow(others)
        return overflow || overflows || size > maximumBytes ? nil : size
    }

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
