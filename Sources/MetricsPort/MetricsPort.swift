import HTTPTypes
import HummingbirdCore
package import Logging
package import NIOCore
package import Observability

/// Serves the metrics of a process that has no other port: `GET /metrics`, and `GET /health/live`.
///
/// At most 32 connections, each closed after 30 idle seconds. Whoever reaches it reads figures and changes nothing.
package struct MetricsPort: Sendable {
    private let host: String
    private let port: Int
    private let registry: MetricsRegistry
    private let group: any EventLoopGroup
    private let logger: Logger

    private static let maximumConnections = 32
    private static let idleTime = TimeAmount.seconds(30)

    /// - Parameter port: 0 takes a free one, which the log names.
    package init(host: String, port: Int, registry: MetricsRegistry, group: any EventLoopGroup, logger: Logger) {
        self.host = host
        self.port = port
        self.registry = registry
        self.group = group
        self.logger = logger
    }

    /// Serves until the task is cancelled.
    /// - Parameter onListening: called once, with the bound port.
    /// - Throws: where the port cannot be listened on.
    package func run(onListening: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
        let (registry, logger, host) = (registry, logger, host)
        let server = Server(
            childChannelSetup: HTTP1Channel(
                responder: { request, writer, _ in
                    let answer = Self.answer(to: request, registry)
                    try await writer.write(response: answer.head, body: answer.body)
                }, configuration: .init(idleTimeout: Self.idleTime)),
            configuration: ServerConfiguration(
                address: .hostname(host, port: port),
                availableConnectionsDelegate: MaximumAvailableConnections(Self.maximumConnections)),
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? 0
                logger.info("Metrics are served", metadata: [LogKeys.reason: "http://\(host):\(port)/metrics"])
                onListening(port)
            }, eventLoopGroup: group, logger: logger)
        try await server.run()
    }

    private static func answer(to request: Request, _ registry: MetricsRegistry) -> Response {
        guard request.method == .get || request.method == .head else {
            return Response(status: .methodNotAllowed, headers: [.allow: "GET, HEAD"], body: .init())
        }
        let text: (status: HTTPResponse.Status, type: String, body: String) =
            switch request.uri.path {
            case "/metrics": (.ok, MetricsRegistry.contentType, registry.text)
            case "/health/live": (.ok, "text/plain; charset=utf-8", "live\n")
            default: (.notFound, "text/plain; charset=utf-8", "this port has GET /metrics and GET /health/live\n")
            }
        let body = ByteBuffer(string: text.body)
        return Response(
            status: text.status,
            headers: [.contentType: text.type, .contentLength: String(body.readableBytes)],
            body: request.method == .head ? .init() : .init(byteBuffer: body))
    }
}
