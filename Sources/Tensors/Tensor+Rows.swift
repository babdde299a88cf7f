import NIOCore

extension Tensor {
    /// The first dimension; 1 for a scalar.
    package var rows: Int { shape.dimensions.first ?? 1 }

    /// The rows in `range` as a slice that shares this tensor's storage.
    ///
    /// O(1) for fixed-width types; for BYTES the elements before the range are walked.
    package func slice(rows range: Range<Int>) throws(TensorError) -> Tensor {
        guard range.lowerBound >= 0, range.upperBound <= rows, !shape.dimensions.isEmpty else {
            throw TensorError(
                "tensor '\(name)' of shape \(shape) has no rows \(range.lowerBound) to \(range.upperBound)")
        }
        let layout = try rowLayout()
        let start = try layout.end(of: range.lowerBound, from: bytes.readerIndex, in: self)
        return try cut(rows: range.count, from: start, layout).tensor
    }

    /// The rows as consecutive slices of `counts` rows each, which share this tensor's storage.
    ///
    /// O(counts) for fixed-width types; for BYTES every element is walked once.
    /// - Throws: when the counts do not add up to `rows`.
    package func split(rows counts: [Int]) throws(TensorError) -> [Tensor] {
        guard !shape.dimensions.isEmpty, counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) == rows else {
            throw TensorError("tensor '\(name)' of shape \(shape) cannot be split into parts of \(counts) rows")
        }
        let layout = try rowLayout()
        var parts: [Tensor] = []
        parts.reserveCapacity(counts.count)
        var start = bytes.readerIndex
        for count in counts {
            let part = try cut(rows: count, from: start, layout)
            parts.append(part.tensor)
            start = part.end
        }
        guard start == bytes.writerIndex else {
            throw TensorError("tensor '\(name)' has bytes behind what its shape \(shape) needs")
        }
        return parts
    }

    private func cut(rows count: Int, from start: Int, _ layout: RowLayout) throws(TensorError) -> (
        tensor: Tensor, end: Int
    ) {
        let end = try layout.end(of: count, from: start, in: self)
        guard let part = bytes.getSlice(at: start, length: end - start) else { throw shortOfBytes }
        var tensor = self
        tensor.shape.dimensions[0] = count
        tensor.bytes = part
        return (tensor, end)
    }

    /// What a row holds. For fixed widths it is checked that the bytes are as many as the shape needs, so that no
    /// product of rows and widths overflows afterwards, whatever the shape claims.
    private func rowLayout() throws(TensorError) -> RowLayout {
        guard let count = shape.elementCount else { throw shortOfBytes }
        let elements = rows > 0 ? count / rows : 0
        guard let width = elementType.byteWidth else { return .elements(elements) }
        let (size, overflow) = count.multipliedReportingOverflow(by: width)
        guard !overflow, bytes.readableBytes == size else { throw shortOfBytes }
        return .bytes(elements * width)
    }

    fileprivate var shortOfBytes: TensorError {
        TensorError("tensor '\(name)' has not the bytes that its shape \(shape) of \(elementType.name) needs")
    }

    /// Walks `count` BYTES elements from the byte at `start`. Stops at the first that is not whole.
    func walk(elements count: Int, from start: Int) -> (end: Int, found: Int) {
        var index = start
        for found in 0..<count {
            guard let length = bytes.getInteger(at: index, endianness: .little, as: UInt32.self),
                Int(length) <= bytes.writerIndex - index - 4
            else { return (index, found) }
            index += 4 + Int(length)
        }
        return (index, count)
    }
}

/// What one row of a tensor holds.
private enum RowLayout {
    case bytes(Int)
    /// BYTES elements, each with a length of its own.
    case elements(Int)

    /// The byte behind `rows` rows that begin at `start`.
    func end(of rows: Int, from start: Int, in tensor: Tensor) throws(TensorError) -> Int {
        switch self {
        case .bytes(let stride): return start + rows * stride
        case .elements(let perRow):
            let (end, found) = tensor.walk(elements: rows * perRow, from: start)
            guard found == rows * perRow else { throw tensor.shortOfBytes }
            return end
        }
    }
}
