package import Jobs
package import Settings
package import Tensors

/// One model version that this gateway accepts requests for.
package struct ServedModel: Sendable {
    package var settings: ModelSettings
    package var queue: QueueName
    package var signature: ModelSignature
    /// As V2 metadata names it, for example `onnxruntime_onnx`.
    package var platform: String
    /// Class names for the classification extension, by output.
    package var labels: [String: [String]] { settings.labels }

    package init(
        settings: ModelSettings, queue: QueueName, signature: ModelSignature, platform: String
    ) {
        self.settings = settings
        self.queue = queue
        self.signature = signature
        self.platform = platform
    }
}

/// The models this gateway knows, by name.
package struct ModelCatalog: Sendable {
    package enum Lookup: Sendable {
        case found(ServedModel)
        case unknownModel
        /// The model is known, this version of it is not served.
        case unknownVersion(served: String)
    }

    /// In the order of the cluster file.
    package let models: [ServedModel]
    private let byName: [String: ServedModel]

    package init(_ models: [ServedModel]) {
        self.models = models
        self.byName = Dictionary(models.map { ($0.settings.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Without a version, the served one.
    package func find(_ name: String, version: String?) -> Lookup {
        guard let model = byName[name] else { return .unknownModel }
        guard let version, version != model.queue.version else { return .found(model) }
        return .unknownVersion(served: model.queue.version)
    }

    package func find(_ queue: QueueName) -> ServedModel? {
        guard let model = byName[queue.model], model.queue == queue else { return nil }
        return model
    }
}
