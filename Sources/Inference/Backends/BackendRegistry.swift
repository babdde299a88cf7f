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
                model: model.name, path: try readableFile(of: model),
                samples: model.samples.isEmpty
                    ? nil : SampleFile(path: repository.samplesFile(of: model), members: model.samples),
                options: options,
                maximumRows: model.batching.maximumRows,
                library: try ONNXRuntimeLibrary.open(search, listener: listener))
        case .synthetic(let options):
            SyntheticBackend(options: options, maximumRows: model.batching.maximumRows)
        }
    }

    /// What a model takes and gives, and its platform, without loading its runtime.
    package func describe(_ model: ModelSettings) throws(InferenceError) -> ModelDescription {
        switch model.backend {
        case .onnxruntime:
            let path = repository.modelFile(of: model)
            var signature = try ONNXSignatureReader.signature(ofModelAt: path, model: model.name)
            if signature.maximumBatchSize != nil { signature.maximumBatchSize = model.batching.maximumRows }
            return ModelDescription(
                signature: signature, platform: ONNXRuntimeBackend.platform,
                rows: .unproven(.read(path: path, integers: signature.takesIntegers)))
        case .synthetic(let options):
            return ModelDescription(
                signature: SyntheticBackend.signature(options, maximumRows: model.batching.maximumRows),
                platform: SyntheticBackend.platform, rows: .byConstruction)
        }
    }

    /// The runtime's own words for a file that cannot be read are hard to understand.
    private func readableFile(of model: ModelSettings) throws(InferenceError) -> String {
        let path = repository.modelFile(of: model)
        guard let problem = SettingsPath.problem(withFile: path) else { return path }
        throw InferenceError(
            .modelUnavailable, "the file of model '\(model.name)', \(path), cannot be read: \(problem)")
    }

    private var search: ONNXRuntimeSearch {
        .ofProcess(configured: runtime.onnxRuntimeLibrary, clusterFolder: runtime.folder)
    }

    /// Why the samples that the model's file names cannot be used; `nil`: they can, or it names none.
    package func samplesProblem(of model: ModelSettings, signature: ModelSignature) -> String? {
        guard !model.samples.isEmpty else { return nil }
        do {
            _ = try ModelSamples.read(
                path: repository.samplesFile(of: model), members: model.samples, signature: signature)
            return nil
        } catch {
            return "model '\(model.name)': \(error)"
        }
    }

    /// Why none of the models that need ONNX Runtime can be loaded on this machine, as far as files tell; `nil`: they can, or
    /// none needs it.
    package func missingRuntime(for models: [ModelSettings]) -> String? {
        let needs = models.contains {
            switch $0.backend {
            case .onnxruntime: true
            case .synthetic: false
            }
        }
        return needs ? ONNXRuntimeLibrary.absence(search) : nil
    }

    /// Another text once the files of the model, or the libraries that may run it, are others: by names, sizes and times of
    /// change, without reading them.
    package func stamp(of model: ModelSettings) -> String {
        var stamp = repository.stamp(of: model)
        if case .onnxruntime = model.backend {
            for path in search.candidates { stamp.add(file: path) }
        }
        return stamp.text
    }
}

/// What a model's file says, without its runtime.
package struct ModelDescription: Sendable {
    package var signature: ModelSignature
    package var platform: String
    package var rows: RowKnowledge
}
