import NIOCore

/// Several requests as one batch and back: rows joined before a run, split after it.
package enum TensorBatch {
    /// Joins the inputs of several requests row by row: tensor `i` of every part becomes tensor `i` of the batch.
    ///
    /// The parts must agree in the number, names, types and row shapes of their tensors (the assembler groups by
    /// them); a part that does not is an error, and so is a batch whose tensor would be larger than one buffer can
    /// hold (4 GiB). One allocation per tensor; a single part is returned as it is.
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
                let (sum, overflow) = rows.addingReportingOverflow(part[index].rows)
                guard !overflow else {
                    throw TensorError("the rows of tensor '\(tensor.name)' are too many to count")
                }
                rows = sum
                size += part[index].bytes.readableBytes
            }
            guard size <= Tensor.maximumBytes else {
                throw TensorError(
                    "tensor '\(tensor.name)' of \(rows) rows would have \(size) bytes, more than the \(Tensor.maximumBytes) that a tensor may have"
                )
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
        try checkRows(of: outputs, are: rows.reduce(0, +))
        guard rows.count > 1 else { return [outputs] }
        var parts = Array(repeating: [Tensor](), count: rows.count)
        for index in parts.indices { parts[index].reserveCapacity(outputs.count) }
        for output in outputs {
            for (index, slice) in try output.split(rows: rows).enumerated() { parts[index].append(slice) }
        }
        return parts
    }

    /// Checks that the first dimension of each of `outputs` counts `rows`.
    package static func checkRows(of outputs: [Tensor], are rows: Int) throws(TensorError) {
        for output in outputs where output.shape.dimensions.isEmpty || output.rows != rows {
            throw TensorError(
                "output '\(output.name)' has the shape \(output.shape) for a batch of \(rows) rows; the first dimension must count rows"
            )
        }
    }
}

extension Tensor {
    fileprivate func canJoin(_ other: Tensor) -> Bool {
        name == other.name && elementType == other.elementType && !shape.dimensions.isEmpty
            && shape.dimensions.dropFirst() == other.shape.dimensions.dropFirst()
    }
}
