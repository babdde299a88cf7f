package import Tensors

/// A loaded model version, from which instances are made. One per model and worker.
package protocol Backend: Sendable {
    /// As V2 metadata names it, for example `onnxruntime_onnx`.
    var platform: String { get }
    var signature: ModelSignature { get }

    /// Makes an instance of its own memory and threads. Blocking: call it on a thread that may block.
    func makeInstance() throws(InferenceError) -> any BackendInstance
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
