import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Observability
import Settings
import Time

/// The administration port: metrics, status and decisions, and what the operator's part answers.
struct AdminRoutes: Sendable {
    private let catalog: ModelCatalog
    private let pools: [PoolSettings]
    private let observer: any QueueObserver
    private let time: any TimeSource
    private let metrics: MetricsRegistry
    private let queueSeries: QueueSeries
    private let fleetSeries: FleetSeries
    private let operations: AdminOperations?
    private let serving: @Sendable () -> ServingFaults
    private let isUnavailable: @Sendable (ServedModel) -> Bool
    private let hosts: AdminHosts

    init(
        catalog: ModelCatalog, pools: [PoolSettings], observer: any QueueObserver, time: any TimeSource,
        metrics: MetricsRegistry, operations: AdminOperations? = nil, hosts: AdminHosts,
        serving: @escaping @Sendable () -> ServingFaults = { ServingFaults() },
        isUnavailable: @escaping @Sendable (ServedModel) -> Bool = { _ in false }
    ) {
        self.serving = serving
        self.isUnavailable = isUnavailable
        self.operations = operations
        self.hosts = hosts
        self.catalog = catalog
        self.pools = pools
        self.observer = observer
        self.time = time
        self.metrics = metrics
        queueSeries = QueueSeries(in: metrics)
        fleetSeries = FleetSeries(in: metrics)
    }

    func respond(to request: Request) async -> HTTPReply {
        guard hosts.allow(request.head.authority) else {
            return .error(
                HTTPResponse.Status(code: 421, reasonPhrase: "Misdirected Request"),
                "administration on the loopback is not for Host '\((request.head.authority ?? "").shortened)'; names besides localhost are declared with gateway.admin_names"
            )
        }
        if let reply = await operations?.respond(to: request) { return reply }
        guard request.method == .get else { return .methodNotAllowed([.get]) }
        do {
            switch request.uri.path {
            case "/metrics":
                reportAvailability()
                // While Redis is away the gateway's own counts still matter; the gauges then keep their last values.
                try? await status(decisions: 1).report(to: queueSeries, fleetSeries)
                var reply = HTTPReply(status: .ok, body: ByteBuffer(string: metrics.text))
                reply.headers[.contentType] = MetricsRegistry.contentType
                return reply
            case "/admin/status":
                return try .json(.ok, encoding: await status(decisions: 20))
            case "/admin/decisions":
                let count = request.uri.queryParameters["count"].flatMap { Int($0) } ?? 50
                guard (1...10_000).contains(count) else {
                    return .error(.badRequest, "count must be a whole number from 1 to 10000")
                }
                return try .json(.ok, encoding: await observer.decisions(newest: count).map(JSONText.init))
            case "/health/live", "/":
                return .json(.ok, ByteBuffer(string: #"{"live":true}"#))
            default:
                return .error(
                    .notFound,
                    "unknown path \(request.uri.path.shortened); there are /metrics, /admin/status, /admin/pools, /admin/decisions, /admin/why and more: docs/operations.md"
                )
            }
        } catch {
            return .error(
                .serviceUnavailable, "the state of the cluster cannot be read: \(error)", headers: [.retryAfter: "1"])
        }
    }

    private func reportAvailability() {
        for model in catalog.models {
            queueSeries.set(
                model: model.settings.name, version: model.queue.version, isUnavailable: isUnavailable(model))
        }
    }

    private func status(decisions count: Int) async throws(QueueError) -> AdminStatus {
        try await AdminStatus.read(
            queues: catalog.models.map(\.queue), pools: pools, observer: observer, faults: serving(), now: time.now(),
            decisions: count)
    }
}
