import Clusters
import Foundation
import Logging
import Observability
import RedisQueue
import Scaler
import ServiceLifecycle
import Settings

/// The scaler with the drivers that its pools name.
struct ScalerParts {
    let service: ScalerService

    /// - Parameters:
    ///   - arguments: what follows `spate` in the command line of a worker.
    ///   - logDirectory: for the output of workers; `nil`: this process's own output.
    init(
        settings: ClusterSettings, queue: QueueConnections, observer: RedisQueueObserver, processes: ChildProcesses,
        arguments: @escaping @Sendable (PoolSettings, String) -> [String], logDirectory: String?,
        isDryRun: Bool = false, metrics: MetricsRegistry, logger: Logger
    ) throws {
        var logs = ProcessDriver.Logs.inherited
        if let logDirectory {
            try FileManager.default.createDirectory(atPath: logDirectory, withIntermediateDirectories: true)
            logs = .directory(logDirectory)
        }
        service = ScalerService(
            configuration: .init(settings, isDryRun: isDryRun), observer: observer,
            drivers: [
                .process: ProcessDriver(children: processes, logs: logs, arguments: arguments),
                .external: ExternalDriver(),
            ],
            metrics: metrics, time: queue.clock, logger: logger)
    }
}
