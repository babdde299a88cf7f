import Gateway
import Logging
import Observability
import RedisQueue
import ServiceLifecycle
import Settings

/// The gateway with the loops that it stands on, in the order of their start.
struct GatewayParts {
    let loops: [any Service]
    let gateway: GatewayService

    init(
        id: String, settings: ClusterSettings, catalog: ModelCatalog, queue: QueueConnections,
        observer: RedisQueueObserver, metrics: MetricsRegistry, logger: Logger,
        onListening: @escaping @Sendable (GatewayService.Addresses) -> Void
    ) {
        let submission = RedisSubmissionQueue(queue.connections, clock: queue.clock, options: queue.options)
        loops = [LoopService { await submission.run() }]
        gateway = GatewayService(
            id: id, settings: settings, catalog: catalog, queue: submission, observer: observer, time: queue.clock,
            group: queue.group, version: SpateVersion.text, metrics: metrics, logger: logger,
            onListening: onListening)
    }
}
