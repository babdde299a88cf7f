import Foundation
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

    init(
        catalog: ModelCatalog, pools: [PoolSettings], observer: any QueueObserver, time: any TimeSource,
        metrics: MetricsRegistry, operations: AdminOperations? = nil,
        serving: @escaping @Sendable () -> ServingFaults = { ServingFaults() }
    ) {
        self.serving = serving
        self.operations = operations
        self.catalog = catalog
        self.pools = pools
        self.observer = observer
        self.time = time
        self.metrics = metrics
        queueSeries = QueueSeries(in: metrics)
        fleetSeries = FleetSeries(in: metrics)
    }

    func respond(to request: Request) async -> HTTPReply {
        if let reply = await operations?.respond(to: request) { return reply }
        guard request.method == .get else { return .error(.methodNotAllowed, "Method Not Allowed") }
        do {
            switch request.uri.path {
            case "/metrics":
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
                    "unknown path \(request.uri.path); there are /metrics, /admin/status, /admin/pools, /admin/decisions, /admin/why and more: docs/operations.md"
                )
            }
        } catch {
            return .error(.serviceUnavailable, "the state of the cluster cannot be read: \(error)")
        }
    }

    private func status(decisions count: Int) async throws(QueueError) -> AdminStatus {
        try await AdminStatus.read(
            queues: catalog.models.map(\.queue), pools: pools, observer: observer, faults: serving(), now: time.now(),
            decisions: count)
    }
}

extension HTTPReply {
    static func json(_ status: HTTPResponse.Status, encoding value: some Encodable) throws -> HTTPReply {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return .json(status, ByteBuffer(bytes: try encoder.encode(value)))
    }

    /// `{"error": message}` as every protocol of this gateway sends it.
    static func error(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) -> HTTPReply {
        // A dictionary of strings always encodes.
        let body = (try? JSONEncoder().encode(["error": message])) ?? Data(#"{"error":"internal"}"#.utf8)
        return .json(status, ByteBuffer(bytes: body), headers: headers)
    }
}
