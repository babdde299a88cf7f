import Gateway
import Logging
import Observability
import RedisQueue
import Scaler
import ServiceLifecycle
import Settings

/// The gateway with the loops that it stands on, in the order of their start.
struct GatewayParts {
    let loops: [any Service]
    let gateway: GatewayService

    init(
        id: String, settings: ClusterSettings, catalog: ModelCatalog, queue: QueueConnections,
        observer: RedisQueueObserver, board: RedisLoadBoard, metrics: MetricsRegistry, logger: Logger,
        onListening: @escaping @Sendable (GatewayService.Addresses) -> Void
    ) {
        let series = StoreSeries(in: metrics)
        let submission = RedisSubmissionQueue(queue.connections, clock: queue.clock, options: queue.options) {
            series.isUnsafe.set($0.isUnsafe ? 1 : 0)
            series.losses.increment(by: $0.losses - series.losses.value)
        }
        let store = RedisOperatorStore(queue.connections)
        let reaper = StandInReaper(
            queue.connections, id: id, queues: catalog.models.map(\.queue), observer: observer)
        loops = [
            LoopService { await submission.run() }, LoopService { await store.run() },
            LoopService { await reaper.run() },
        ]
        let api = OperatorAPI(
            OperatorDesk(settings: settings, store: store, observer: observer, time: queue.clock, board: board))
        gateway = GatewayService(
            id: id, settings: settings, catalog: catalog, queue: submission, observer: observer, time: queue.clock,
            group: queue.group, version: SpateVersion.text, metrics: metrics,
            operations: AdminOperations { method, path, query in
                await api.respond(method: method, path: path, query: query).map {
                    AdminOperations.Reply(status: $0.status, json: $0.json)
                }
            }, serving: { board.current }, logger: logger,
            onListening: onListening)
    }
}
