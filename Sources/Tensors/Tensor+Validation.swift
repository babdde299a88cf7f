import NIOCore

extension Tensor {
    /// Checks that the bytes are exactly what type and shape need: the count, every BOOL 0 or 1, every BYTES
    /// element whole.
    package func validate() throws(TensorError) {
        guard let count = shape.elementCount else {
            throw TensorError(
                "tensor '\(name)' has the shape \(shape); dimensions must not be negative, nor their product above 2^63"
            )
        }
        if let width = elementType.byteWidth {
            let (needed, overflow) = count.multipliedReportingOverflow(by: width)
            guard !overflow, bytes.readableBytes == needed else {
                throw TensorError(
                    "tensor '\(name)' has \(bytes.readableBytes) bytes; shape \(shape) of \(elementType.name) needs \(overflow ? "too many" : String(needed))"
                )
            }
            let isBool = elementType == .bool
            guard !isBool || bytes.withUnsafeReadableBytes({ $0.allSatisfy { $0 <= 1 } }) else {
                throw TensorError("tensor '\(name)' of BOOL has a byte that is neither 0 nor 1")
            }
        } else {
            let (end, found) = walk(elements: count, from: bytes.readerIndex)
            guard found == count, end == bytes.writerIndex else {
                throw TensorError(
                    "tensor '\(name)' of BYTES must hold exactly \(count) elements, each a 32-bit length and its bytes")
            }
        }
    }
}
