import COnnxRuntime
import Settings
package import Tensors

/// ONNX models on ONNX Runtime, through its C ABI.
///
/// Instances are sessions; those of one model share their packed weights.
package final class ONNXRuntimeBackend: Backend {
    package static let platform = "onnxruntime_onnx"

    package let signature: ModelSignature
    package var platform: String { Self.platform }

    private let model: String
    private let path: String
    private let options: ONNXOptions
    private let library: ONNXRuntimeLibrary
    /// Only handed to session creation, which may be called from several threads; freed with the backend.
    private nonisolated(unsafe) let weights: OpaquePointer?

    /// - Parameter path: of the `.onnx` file.
    /// - Throws: `modelUnavailable` when the file is missing or no model, a provider is not in this build of the runtime, or
    ///   the model has an input or output that is no tensor.
    init(
        model: String, path: String, options: ONNXOptions, maximumRows: Int, library: ONNXRuntimeLibrary
    ) throws(InferenceError) {
        self.model = model
        self.path = path
        self.options = options
        self.library = library
        weights = spate_ort_weights_create(library.pointer)
        let session: ONNXSession
        do {
            session = try ONNXSession(
                model: model, path: path, options: options, library: library, weights: weights)
        } catch {
            if let weights { spate_ort_weights_release(library.pointer, weights) }
            throw error
        }
        var signature = session.signature
        if signature.maximumBatchSize != nil { signature.maximumBatchSize = maximumRows }
        self.signature = signature
    }

    deinit {
        if let weights { spate_ort_weights_release(library.pointer, weights) }
    }

    package func makeInstance() throws(InferenceError) -> any BackendInstance {
        let session = try ONNXSession(
            model: model, path: path, options: options, library: library, weights: weights)
        session.keepAlive = self
        return session
    }
}
