import Gateway
import Inference
import Jobs
import Settings
import Tensors

extension ModelCatalog {
    /// What the settings serve, by reading the model files' signatures. Loads no runtime. A model whose file cannot be read
    /// is in it too, with the reason.
    ///
    /// - Throws: when none can be read, with all reasons.
    static func read(_ settings: ClusterSettings) throws -> ModelCatalog {
        let registry = BackendRegistry(
            runtime: settings.runtime, repository: ModelRepository(path: settings.repository))
        var models: [ServedModel] = []
        for model in settings.models {
            guard let queue = model.queue else {
                throw InferenceError(.modelUnavailable, "the name or version of model '\(model.name)' is not allowed")
            }
            models.append(registry.served(model, queue: queue))
        }
        let problems = models.compactMap(\.problem)
        guard problems.isEmpty || problems.count < models.count else {
            throw InferenceError(.modelUnavailable, problems.joined(separator: "\n"))
        }
        return ModelCatalog(models, reread: { registry.served($0.settings, queue: $0.queue) })
    }

    /// Why models cannot be read, one text each.
    var problems: [String] { models.compactMap(\.problem) }
}

extension BackendRegistry {
    fileprivate func served(_ model: ModelSettings, queue: QueueName) -> ServedModel {
        do {
            let described = try describe(model)
            var signature = try model.signature(over: described.signature)
            let outlook = try model.outlook(over: described.signature, rows: described.rows)
            signature.maximumBatchSize = outlook.joinsRows ? model.batching.maximumRows : nil
            return ServedModel(
                settings: model, queue: queue, signature: signature, joining: outlook, platform: described.platform)
        } catch {
            return ServedModel(
                settings: model, queue: queue,
                signature: ModelSignature(inputs: [], outputs: [], maximumBatchSize: nil), platform: "",
                problem: "\(error)")
        }
    }
}
