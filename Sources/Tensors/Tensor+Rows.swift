import NIOCore

extension Tensor {
    /// The first dimension; 1 for a scalar.
    package var rows: Int { shape.dimensions.first ?? 1 }

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
            if elementType == .bool, bytes.readableBytesView.contains(where: { $0 > 1 }) {
                throw TensorError("tensor '\(name)' of BOOL has a byte that is neither 0 nor 1")
            }
        } else {
            let (end, found) = skip(elements: count, from: bytes.readerIndex)
            guard found == count, end == bytes.writerIndex else {
                throw TensorError(
                    "tensor '\(name)' of BYTES must hold exactly \(count) elements, each a 32-bit length and its bytes")
            }
        }
    }

    /// The rows in `range` as a slice that shares this tensor's storage.
    ///
    /// O(1) for fixed-width types; for BYTES the elements before the range are walked.
    package func slice(rows range: Range<Int>) throws(TensorError) -> Tensor {
        var dimensions = shape.dimensions
        guard !dimensions.isEmpty, range.lowerBound >= 0, range.upperBound <= dimensions[0] else {
            throw TensorError(
                "tensor '\(name)' of shape \(shape) has no rows \(range.lowerBound) to \(range.upperBound)")
        }
        let elementsPerRow = Shape(Array(dimensions.dropFirst())).elementCount ?? 0
        dimensions[0] = range.count
        let start: Int
        let end: Int
        if let width = elementType.byteWidth {
            start = bytes.readerIndex + range.lowerBound * elementsPerRow * width
            end = start + range.count * elementsPerRow * width
        } else {
            start = skip(elements: range.lowerBound * elementsPerRow, from: bytes.readerIndex).end
            end = skip(elements: range.count * elementsPerRow, from: start).end
        }
        guard let part = bytes.getSlice(at: start, length: end - start) else {
            throw TensorError("tensor '\(name)' has fewer bytes than its shape \(shape) needs")
        }
        return Tensor(name: name, elementType: elementType, shape: Shape(dimensions), bytes: part)
    }

    /// Walks `count` BYTES elements. Stops at the first that is not whole.
    private func skip(elements count: Int, from start: Int) -> (end: Int, found: Int) {
        var index = start
        for found in 0..<count {
            guard let length = bytes.getInteger(at: index, endianness: .little, as: UInt32.self),
                index + 4 + Int(length) <= bytes.writerIndex
            else { return (index, found) }
            index += 4 + Int(length)
        }
        return (index, count)
    }
}
