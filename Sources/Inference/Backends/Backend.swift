package import Tensors

/// A loaded model version, from which instances are made. One per model and worker.
package protocol Backend: Sendable {
    /// As V2 metadata names it, for example `onnxruntime_onnx`.
    var platform: String { get }
    var signature: ModelSignature { get }
    /// Whether the first dimension counts rows, as far as the backend knows.
    var rows: RowKnowledge { get }

    /// Rows of real inputs that lie beside the model, for the proof that rows are independent. Reads a file.
    func samples(for signature: ModelSignature) throws(InferenceError) -> [[Tensor]]

    /// Makes an instance of its own memory and threads. Blocking: call it on a thread that may block.
    func makeInstance() throws(InferenceError) -> any BackendInstance
}

extension Backend {
    /// None: what has no files, or needs no proof.
    package func samples(for signature: ModelSignature) throws(InferenceError) -> [[Tensor]] { [] }
}

/// One copy of a model that runs one batch at a time, on the thread that calls it.
package protocol BackendInstance: AnyObject {
    /// Runs one batch and returns the outputs in the order of `requestedOutputs`, or all when it is empty.
    ///
    /// Blocking: never call it on an event loop or on the cooperative pool. `inputs` must have passed
    /// `ModelSignature.validate` and `Tensor.validate`. After an error the instance can be used again.
    /// - Parameter rows: the batch size, the first dimension of every input of a batching model.
    func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor]
}

/// What a backend knows of the first dimension of its tensors.
package enum RowKnowledge: Sendable, Equatable {
    /// It keeps rows apart by its nature, where its signature takes batches.
    case byConstruction
    /// It has to be proven; operators can speak against it.
    case unproven(OperatorEvidence)

    /// What the operators say.
    package var evidence: OperatorEvidence {
        switch self {
        case .byConstruction: .none
        case .unproven(let evidence): evidence
        }
    }
}
