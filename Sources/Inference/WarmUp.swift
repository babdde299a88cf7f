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

    /// What became of one size.
    package enum Outcome: Sendable, Equatable {
        case measured(Measurement)
        /// The model is usable all the same; its first call warms it.
        case notRun(String)
        /// The model is to be joined, and its outputs have other rows than its inputs.
        case refuted(String)

        package var measured: Measurement? {
            switch self {
            case .measured(let measurement): measurement
            case .notRun, .refuted: nil
            }
        }

        package var problem: String? {
            switch self {
            case .measured, .refuted: nil
            case .notRun(let reason): reason
            }
        }

        package var refutation: String? {
            switch self {
            case .measured, .notRun: nil
            case .refuted(let reason): reason
            }
        }
    }

    /// Runs zeros (ones where integers are divisors) of `rows` rows twice on `instance` and measures the second run. Blocking.
    ///
    /// - Parameter shapes: of the inputs, for a model whose free dimensions cannot all be 1; their first dimension is
    ///   replaced by the rows where the model is joined.
    /// - Parameter now: what the run is measured by.
    package static func run(
        _ instance: any BackendInstance, signature: ModelSignature, shapes: [String: Shape] = [:],
        evidence: OperatorEvidence = .none, rows: Int,
        now: () -> ContinuousClock.Instant = { .now }
    ) throws(InferenceError) -> Outcome {
        let inputs: [Tensor]
        switch zeros(signature, shapes: shapes, evidence: evidence, rows: rows) {
        case .success(let made): inputs = made
        case .failure(let reason): return .notRun(reason.text)
        }
        do {
            let outputs = try instance.run(inputs, rows: rows, requestedOutputs: [])
            if signature.maximumBatchSize != nil, let reason = disagreement(of: outputs, rows) {
                return .refuted(reason)
            }
            let start = now()
            _ = try instance.run(inputs, rows: rows, requestedOutputs: [])
            return .measured(Measurement(rows: rows, cost: now() - start))
        } catch {
            if error.code == .modelUnavailable { throw error }
            return .notRun(error.message)
        }
    }

    private static func disagreement(of outputs: [Tensor], _ rows: Int) -> String? {
        do throws(TensorError) {
            try TensorBatch.checkRows(of: outputs, are: rows)
            return nil
        } catch {
            return error.description
        }
    }

    /// Why nothing can be made up.
    struct Reason: Error { var text: String }

    /// A larger input is not made up: the first real batch warms the model then.
    private static let maximumBytes = 64 << 20

    static func zeros(
        _ signature: ModelSignature, shapes: [String: Shape] = [:], evidence: OperatorEvidence = .none, rows: Int
    ) -> Result<[Tensor], Reason> {
        // What has no shape is not run on a guess: an operator that wants dimensions may end the process without.
        for input in signature.inputs where input.rank == .unknown && shapes[input.name] == nil {
            return .failure(Reason(text: "the model's file gives no shape for input '\(input.name)'"))
        }
        let sizes = MadeUpSizes.warmUp(for: signature, given: shapes)
        var tensors: [Tensor] = []
        for (input, size) in zip(signature.inputs, sizes.shapes) {
            var dimensions = size
            if signature.maximumBatchSize != nil, !dimensions.isEmpty { dimensions[0] = rows }
            let shape = Shape(dimensions)
            // An empty BYTES element is its length, four zero bytes.
            let width = input.elementType.byteWidth ?? 4
            guard let count = shape.elementCount, count <= maximumBytes / width else {
                return .failure(Reason(text: "input '\(input.name)' of shape \(shape) is too large to be made up"))
            }
            var bytes = ByteBuffer(repeating: 0, count: count * width)
            if evidence.values == .smallPositive, input.elementType.isInteger {
                for index in 0..<count { bytes.setInteger(UInt8(1), at: index * width) }
            }
            tensors.append(Tensor(name: input.name, elementType: input.elementType, shape: shape, bytes: bytes))
        }
        return .success(tensors)
    }
}

extension ElementType {
    var isInteger: Bool {
        switch self {
        case .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64: true
        case .bool, .float16, .float32, .float64, .bytes, .bfloat16: false
        }
    }
}
