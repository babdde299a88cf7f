package import Tensors

/// Puts the outputs of a request together again that ran in parts.
package enum RowParts {
    /// Why outputs cannot be those of the rows of one request, although each part has its own rows; `nil` where they can.
    static func disagreement(_ parts: [(range: Range<Int>, outputs: [Tensor])]) -> String? {
        guard let first = parts.first?.outputs else { return nil }
        for part in parts.dropFirst() {
            for (one, other) in zip(first, part.outputs)
            where one.elementType != other.elementType
                || one.shape.dimensions.dropFirst() != other.shape.dimensions.dropFirst()
            {
                return
                    "output '\(one.name)' has the shapes \(one.shape) and \(other.shape) for parts of one request; what comes after the first dimension must be the same for every row"
            }
        }
        return nil
    }

    /// Returns the parts' outputs joined in the order of their rows; of a single part as they are.
    ///
    /// - Throws: a failure of the backend if the parts do not agree in names, types or row shapes.
    package static func joined(
        _ parts: [(range: Range<Int>, outputs: [Tensor])]
    ) throws(BatchResult.Failure) -> [Tensor] {
        if parts.count == 1 { return parts[0].outputs }
        let ordered = parts.sorted { $0.range.lowerBound < $1.range.lowerBound }
        do throws(TensorError) {
            return try TensorBatch.join(ordered.map(\.outputs))
        } catch {
            throw BatchResult.Failure(
                fault: .backend, message: "the parts of the request gave outputs that differ in shape: \(error)")
        }
    }
}
