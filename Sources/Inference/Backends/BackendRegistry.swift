package import Settings
package import Tensors

/// Every backend that a model file can name: one line each in `load` and `describe`.
package struct BackendRegistry: Sendable {
    private let runtime: RuntimeSettings
    private let repository: ModelRepository
    private let listener: RuntimeMessage.Listener?

    /// - Parameter listener: hears what ONNX Runtime says of its own accord; nothing is written anywhere without one.
    package init(
        runtime: RuntimeSettings, repository: ModelRepository, listener: RuntimeMessage.Listener? = nil
    ) {
        self.runtime = runtime
        self.repository = repository
        self.listener = listener
    }

    /// Loads the model. Blocking, up to seconds for a large model.
    package func load(_ model: ModelSettings) throws(InferenceError) -> any Backend {
        switch model.backend {
        case .onnxruntime(let options):
            try ONNXRuntimeBackend(
                model: model.name, path: repository.modelFile(of: model), options: options,
                maximumRows: model.batching.maximumRows,
                library: try ONNXRuntimeLibrary.open(
                    .ofProcess(configured: runtime.onnxRuntimeLibrary), listener: listener))
        case .synthetic(let options):
            SyntheticBackend(options: options, maximumRows: model.batching.maximumRows)
        }
    }

    /// What a model takes and gives, and its platform, without loading its runtime.
    package func describe(_ model: ModelSettings) throws(InferenceError) -> (
        signature: ModelSignature, platform: String
    ) {
        switch model.backend {
        case .onnxruntime:
            var signature = try ONNXSignatureReader.signature(
                ofModelAt: repository.modelFile(of: model), model: model.name)
            if signature.maximumBatchSize != nil { signature.maximumBatchSize = model.batching.maximumRows }
            return (signature, ONNXRuntimeBackend.platform)
        case .synthetic(let options):
            return (
                SyntheticBackend.signature(options, maximumRows: model.batching.maximumRows), SyntheticBackend.platform
            )
        }
    }
}
