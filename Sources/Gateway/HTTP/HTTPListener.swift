import Glibc
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTPTypes
import ServiceLifecycle

/// One listening HTTP/1.1 port on Hummingbird's server core, with a `ConnectionWatch` per connection.
struct HTTPListener: Service {
    typealias Respond = @Sendable (Request, ConnectionWatch) async -> HTTPReply

    private let host: String
    private let port: Int
    private let setting: String
    private let group: any EventLoopGroup
    private let logger: Logger
    private let respond: Respond
    private let maximumBody: Int
    private let onListening: @Sendable (Int) -> Void

    /// - Parameters:
    ///   - port: 0 takes a free one; `onListening` tells which.
    ///   - setting: its key in the section `gateway`, for errors.
    ///   - onListening: called once with the bound port.
    init(
        host: String, port: Int, setting: String, maximumBody: Int, group: any EventLoopGroup, logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void, respond: @escaping Respond
    ) {
        self.host = host
        self.port = port
        self.setting = setting
        self.maximumBody = maximumBody
        self.group = group
        self.logger = logger
        self.respond = respond
        self.onListening = onListening
    }

    /// Listens until graceful shutdown, then lets running requests end.
    func run() async throws {
        let port = self.port
        let onListening = self.onListening
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        do {
            try await Server(
                childChannelSetup: WatchedHTTPChannel(respond: respond, maximumBody: maximumBody),
                configuration: ServerConfiguration(
                    address: .hostname(host, port: port), backlog: 4096),
                onServerRunning: { channel in onListening(channel.localAddress?.port ?? port) },
                eventLoopGroup: group,
                logger: quiet
            ).run()
        } catch let error as IOError where [EADDRINUSE, EACCES, EADDRNOTAVAIL].contains(error.errnoCode) {
            let option = "--" + setting.replacing("_", with: "-")
            let reason =
                switch error.errnoCode {
                case EADDRINUSE: "something else listens there"
                case EACCES: "this user may not"
                default: "this machine has no such address"
                }
            throw ListenError(
                description:
                    "cannot listen on \(host):\(port): \(reason); choose another with gateway.\(setting) or \(option), 0 takes a free port"
            )
        }
    }
}

/// Why a port cannot be listened on, and what to do.
struct ListenError: Error, CustomStringConvertible {
    var description: String
}

/// Hummingbird's HTTP/1.1 channel with a watch on the connection.
private struct WatchedHTTPChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let http: HTTP1Channel.Value
        let watch: ConnectionWatch
        var channel: any Channel { http.channel }
    }

    let respond: HTTPListener.Respond
    let maximumBody: Int

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let watch = ConnectionWatch()
        return HTTP1Channel(
            responder: { _, _, _ in },
            configuration: .init(
                additionalChannelHandlers: [ConnectionWatchHandler(watch)], idleTimeout: .seconds(75))
        )
        .setup(channel: channel, logger: logger)
        .map { Value(http: $0, watch: watch) }
    }

    func handle(value: Value, logger: Logger) async {
        let respond = self.respond
        let maximumBody = self.maximumBody
        let watch = value.watch
        await HTTP1Channel(responder: { request, writer, _ in
            // A body that will be refused for its size is not asked for.
            let announced = request.headers[.contentLength].flatMap { Int($0) } ?? 0
            if request.headers[.expect]?.lowercased() == "100-continue", announced <= maximumBody {
                try await writer.writeInformationalHead(.init(status: .continue))
            }
            let reply = await respond(request, watch)
            let response = reply.response()
            try await writer.write(response: response.head, body: response.body)
            // What is left of an oversized body is not read: the connection ends with the answer.
            if reply.closesConnection { throw ChannelError.eof }
        })
        .handle(value: value.http, logger: logger)
    }
}
