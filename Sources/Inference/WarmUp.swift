import NIOCore
package import Tensors

/// First runs of a model, before it is called ready: the first run at each batch size is many times slower
/// than the next (the runtime plans memory and picks kernels for the shape).
package enum WarmUp {
    /// What a batch of `rows` cost at its second run.
    package struct Measurement: Sendable, Equatable {
        package var rows: Int
        package var cost: Duration
    }

    /// Runs zero tensors (free dimensions 1) twice at each size on `instance` and measures the second run. Blocking.
    ///
    /// - Returns: nothing for a model that cannot run on zeros; it is still usable.
    package static func run(
        _ instance: any BackendInstance, signature: ModelSignature, rows sizes: [Int]
    ) throws(InferenceError) -> [Measurement] {
        var measurements: [Measurement] = []
        let sizes = signature.maximumBatchSize.map { maximum in sizes.filter { $0 <= maximum } } ?? [1]
        for rows in sizes {
            guard let inputs = zeros(signature, rows: rows) else { continue }
            do {
                _ = try instance.run(inputs, rows: rows, requestedOutputs: [])
                let start = ContinuousClock.now
                _ = try instance.run(inputs, rows: rows, requestedOutputs: [])
                measurements.append(Measurement(rows: rows, cost: ContinuousClock.now - start))
            } catch {
                if error.code == .modelUnavailable { throw error }
            }
        }
        return measurements
    }

    /// A larger input is not made up: the first real batch warms the model then.
    private static let maximumBytes = 64 << 20

    static func zeros(_ signature: ModelSignature, rows: Int) -> [Tensor]? {
        var tensors: [Tensor] = []
        for input in signature.inputs {
            var dimensions = input.shape.dimensions.map { $0 == -1 ? 1 : $0 }
            if signature.maximumBatchSize != nil, !dimensions.isEmpty { dimensions[0] = rows }
            let shape = Shape(dimensions)
            // An empty BYTES element is its length, four zero bytes.
            let width = input.elementType.byteWidth ?? 4
            guard let count = shape.elementCount, count <= maximumBytes / width else { return nil }
            let bytes = ByteBuffer(repeating: 0, count: count * width)
            tensors.append(Tensor(name: input.name, elementType: input.elementType, shape: shape, bytes: bytes))
        }
        return tensors
    }
}
