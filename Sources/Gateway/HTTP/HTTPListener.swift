import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import NIOPosix
import Observability
import ServiceLifecycle

/// One listening HTTP/1.1 port: accepts connections within the bounds of `HTTPServing`, and serves each of them with
/// Hummingbird's loop over one connection's requests.
struct HTTPListener: Service {
    typealias Respond = @Sendable (Request, Caller) async -> HTTPReply

    /// What a port is for, and how it is set.
    struct Endpoint: Sendable {
        var host: String
        /// 0 takes a free one.
        var port: Int
        /// The keys in the section `gateway`, for errors.
        var hostSetting: String
        var portSetting: String
        /// Largest body that is asked for.
        var maximumBody: Int
        /// Whether a request is answered although there are too many connections.
        var isVital: @Sendable (Request) -> Bool
    }

    private let endpoint: Endpoint
    private let serving: HTTPServing
    private let group: any EventLoopGroup
    private let logger: Logger
    private let respond: Respond
    private let onListening: @Sendable (Int) -> Void

    /// - Parameter onListening: called once with the bound port.
    init(
        _ endpoint: Endpoint, serving: HTTPServing, group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void, respond: @escaping Respond
    ) {
        self.endpoint = endpoint
        self.serving = serving
        self.group = group
        self.logger = logger
        self.respond = respond
        self.onListening = onListening
    }

    /// Listens until graceful shutdown, then lets running requests end.
    func run() async throws {
        let server = try await bind()
        onListening(server.channel.localAddress?.port ?? endpoint.port)
        let serving = self.serving
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                do {
                    try await server.executeThenClose { accepted in
                        for try await connection in accepted {
                            guard let connection else { continue }
                            group.addTask { await serve(connection) }
                        }
                    }
                } catch is CancellationError {
                    // Another part of the gateway failed, and says so.
                } catch {
                    logger.error("The port is closed", metadata: [LogKeys.reason: "\(error)"])
                }
            }
        } onGracefulShutdown: {
            server.channel.close(promise: nil)
            serving.connections.quiesce()
        }
    }

    private func bind() async throws -> NIOAsyncChannel<HTTPConnection?, Never> {
        let (logger, serving) = (logger, serving)
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 4096)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .serverChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(AcceptGate(serving.connections, logger: logger))
                    }
                }
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .bind(host: endpoint.host, port: endpoint.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try serving.open(channel) }
                }
        } catch let error as IOError where [EADDRINUSE, EACCES, EADDRNOTAVAIL].contains(error.errnoCode) {
            throw ListenError(endpoint, errno: error.errnoCode)
        }
    }

    private func serve(_ connection: HTTPConnection) async {
        let (respond, endpoint, serving) = (respond, endpoint, serving)
        await HTTP1Channel(responder: { request, writer, _ in
            // A body that will be refused for its size is not asked for.
            if request.headers[.expect]?.lowercased() == "100-continue", request.announcedBytes <= endpoint.maximumBody
            {
                try await writer.writeInformationalHead(.init(status: .continue))
            }
            let isServed = endpoint.isVital(request) ? true : await Self.mayServe(connection.seat)
            let reply = isServed ? await respond(request.asGET, connection.caller) : serving.tooManyConnections
            let response = await serving.finished(reply, to: request, connection).response()
            try await writer.write(response: response.head, body: response.body)
        })
        .handle(value: connection.take(), logger: logger)
    }

    /// Whether a connection has a place, or gets one: a request that is here comes before connections that idle, which are
    /// given a moment for theirs.
    private static func mayServe(_ seat: ConnectionTable.Seat) async -> Bool {
        for _ in 0..<3 {
            switch seat.claim() {
            case .served: return true
            case .full: return false
            case .soon(let wait):
                // Cancelled: the connection is gone, and its answer goes nowhere.
                try? await Task.sleep(for: wait)
            }
        }
        return seat.claim() == .served
    }
}

/// Why a port cannot be listened on, and what to do.
struct ListenError: Error, CustomStringConvertible {
    var description: String

    init(_ endpoint: HTTPListener.Endpoint, errno code: CInt) {
        let at = "cannot listen on \(endpoint.host):\(endpoint.port)"
        func option(_ setting: String) -> String { "gateway.\(setting) or --\(setting.replacing("_", with: "-"))" }
        switch code {
        case EADDRINUSE, EACCES:
            let reason = code == EACCES ? "this user may not" : "something else listens there"
            description = "\(at): \(reason); choose another with \(option(endpoint.portSetting)), 0 takes a free port"
        default:
            description =
                "\(at): this machine has no such address; choose another with \(option(endpoint.hostSetting))"
        }
    }
}

extension Request {
    /// HEAD is GET without the body of its answer, which `AnswerFraming` leaves out: no route needs to know it.
    fileprivate var asGET: Request {
        guard method == .head else { return self }
        var head = head
        head.method = .get
        return Request(head: head, body: body)
    }
}
