import Settings
import WorkerCore

extension RunBound {
    /// - Parameter least: the shortest bound of a model whose `run_timeout` is not given.
    init(_ settings: ModelSettings, least: Duration) {
        let declared = settings.backend.declaredRun(maximumRows: settings.batching.maximumRows) ?? .zero
        self.init(given: settings.runTimeout, least: max(least, declared * Self.slack))
    }
}
