import Gateway
import Inference
import Jobs
import Settings

extension ModelCatalog {
    /// What the settings serve, by reading the model files' signatures. Loads no runtime.
    static func read(_ settings: ClusterSettings) throws -> ModelCatalog {
        let registry = BackendRegistry(
            runtime: settings.runtime, repository: ModelRepository(path: settings.repository))
        return ModelCatalog(
            try settings.models.map { model in
                let (signature, platform) = try registry.describe(model)
                guard let queue = model.queue else {
                    throw InferenceError(
                        .modelUnavailable, "the name or version of model '\(model.name)' is not allowed")
                }
                return ServedModel(
                    settings: model, queue: queue, signature: try model.signature(over: signature),
                    platform: platform)
            })
    }
}
