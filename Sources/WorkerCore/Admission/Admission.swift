package import Jobs
import NIOCore
package import Tensors

/// Checks jobs against the signature of the model that is loaded here, which may be another than the one the
/// gateway knew. What does not fit fails alone, with the reason, before it can spoil a batch.
package struct Admission: Sendable {
    package let signature: ModelSignature
    /// Dimensions that do not count for the group: the batch dimension, if the model has one.
    private let skipped: Int
    /// Whether any other dimension is free: otherwise all requests share one group.
    private let hasFreeDimensions: Bool

    package init(signature: ModelSignature) {
        self.signature = signature
        let skipped = signature.maximumBatchSize == nil ? 0 : 1
        self.skipped = skipped
        hasFreeDimensions = signature.inputs.contains { $0.shape.dimensions.dropFirst(skipped).contains { $0 < 0 } }
    }

    package enum Verdict: Sendable {
        case admitted(Admitted)
        /// What is wrong and what is allowed.
        case refused(String)
    }

    package func examine(_ taken: TakenJob) -> Verdict {
        let given = taken.job.inputs
        do throws(SignatureViolation) {
            try signature.validate(given, model: taken.job.queue.model)
        } catch {
            return .refused(error.description)
        }
        do throws(TensorError) {
            for tensor in given { try tensor.validate() }
        } catch {
            return .refused(error.description)
        }
        for output in taken.job.requestedOutputs where !signature.outputs.contains(where: { $0.name == output }) {
            return .refused("unexpected inference output '\(output)' for model '\(taken.job.queue.model)'")
        }
        var inputs = given
        if !zip(given, signature.inputs).allSatisfy({ $0.name == $1.name }) {
            inputs = signature.inputs.compactMap { wanted in given.first { $0.name == wanted.name } }
        }
        var free: [Int] = []
        if hasFreeDimensions {
            for input in inputs { free += input.shape.dimensions.dropFirst(skipped) + [-1] }
        }
        return .admitted(
            Admitted(
                job: taken, inputs: inputs,
                rows: signature.maximumBatchSize == nil ? 1 : inputs.first?.rows ?? 1,
                shapes: hasFreeDimensions ? RowShapes(dimensions: free) : .fixed,
                bytes: inputs.reduce(0) { $0 + $1.bytes.readableBytes }))
    }
}
