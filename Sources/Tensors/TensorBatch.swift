import NIOCore

/// Several requests as one batch and back: rows joined before a run, split after it.
package enum TensorBatch {
    /// Joins the inputs of several requests row by row: tensor `i` of every part becomes tensor `i` of the batch.
    ///
    /// The parts must agree in the number, names, types and row shapes of their tensors (the assembler groups by
    /// them); a part that does not is an error. One allocation per tensor; a single part is returned as it is.
    package static func join(_ parts: [[Tensor]]) throws(TensorError) -> [Tensor] {
        guard let first = parts.first else { return [] }
        guard parts.count > 1 else { return first }
        var joined: [Tensor] = []
        joined.reserveCapacity(first.count)
        for index in first.indices {
            var tensor = first[index]
            var rows = 0
            var size = 0
            for part in parts {
                guard part.count == first.count, part[index].canJoin(tensor) else {
                    throw TensorError(
                        "input \(index) of a batch does not agree with tensor '\(tensor.name)' of shape \(tensor.shape)"
                    )
                }
                rows += part[index].rows
                size += part[index].bytes.readableBytes
            }
            var bytes = ByteBuffer()
            bytes.reserveCapacity(size)
            for part in parts { bytes.writeImmutableBuffer(part[index].bytes) }
            tensor.bytes = bytes
            tensor.shape.dimensions[0] = rows
            joined.append(tensor)
        }
        return joined
    }

    /// Splits the outputs of a batch into one list per request, as slices; `rows` counts each request's rows.
    ///
    /// - Throws: when an output has not exactly as many rows as the batch had: the model does not keep rows apart.
    package static func split(_ outputs: [Tensor], rows: [Int]) throws(TensorError) -> [[Tensor]] {
        guard rows.count > 1 else { return [outputs] }
        let total = rows.reduce(0, +)
        for output in outputs where output.shape.dimensions.isEmpty || output.rows != total {
            throw TensorError(
                "output '\(output.name)' has the shape \(output.shape) for a batch of \(total) rows; the first dimension must count rows"
            )
        }
        var split: [[Tensor]] = []
        split.reserveCapacity(rows.count)
        var start = 0
        for count in rows {
            var part: [Tensor] = []
            part.reserveCapacity(outputs.count)
            for output in outputs { part.append(try output.slice(rows: start..<(start + count))) }
            split.append(part)
            start += count
        }
        return split
    }
}

extension Tensor {
    fileprivate func canJoin(_ other: Tensor) -> Bool {
        name == other.name && elementType == other.elementType && !shape.dimensions.isEmpty
            && shape.dimensions.dropFirst() == other.shape.dimensions.dropFirst()
    }
}
