import CoreMetrics
import Observability

extension MetricsRegistry {
    /// The metrics of this process, with what libraries count among them. Once in a process.
    static func ofProcess() -> MetricsRegistry {
        let registry = MetricsRegistry()
        MetricsSystem.bootstrap(LibraryMetrics(registry))
        return registry
    }
}
