import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Makes signed-in connections.
struct RedisConnector: Sendable {
    /// To connect, and again to sign in.
    static let timeout: TimeAmount = .seconds(5)

    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    let name: String

    struct Connection: Sendable {
        let handler: NIOLoopBound<RedisChannelHandler>
        /// Succeeds with the reason when the connection is of no more use.
        let ended: EventLoopFuture<RedisError>

        /// Runs `body` on the event loop.
        func perform(_ body: @escaping @Sendable (RedisChannelHandler) -> Void) {
            ended.eventLoop.execute { body(handler.value) }
        }
    }

    /// - Throws: also when the task is cancelled.
    func connect() async throws(RedisError) -> Connection {
        let attempt = Attempt()
        do {
            return try await withTaskCancellationHandler {
                let connection = try await open(attempt)
                do throws(RedisError) {
                    try await SignIn(configuration: configuration, name: name).run(on: connection)
                    return connection
                } catch {
                    connection.perform { $0.close(error) }
                    throw error
                }
            } onCancel: {
                attempt.abandon()
            }
        } catch {
            throw (error as? RedisError)
                ?? RedisError(
                    .connectionFailed, "cannot connect to Redis at \(configuration.label): \(describeTLS(error))")
        }
    }

    private func open(_ attempt: Attempt) async throws -> Connection {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(Self.timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.maxMessagesPerRead, value: 16)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4_096, initial: 65_536, maximum: 1 << 20))
        let initializer: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try attempt.adopt(channel)
                return try addHandlers(to: channel)
            }
        }
        switch configuration.address {
        case .tcp(let host, let port):
            // An idle connection is known to be dead after half a minute, not after the system's two hours.
            return
                try await bootstrap
                .channelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 15)
                .channelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 5)
                .channelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 3)
                .connect(host: host, port: port, channelInitializer: initializer)
        case .unix(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
        }
    }

    private func addHandlers(to channel: any Channel) throws -> Connection {
        if let tls = configuration.tls, case .tcp(let host, _) = configuration.address {
            // Server name indication takes names only; the certificate of an address is checked against the peer's.
            let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
            try channel.pipeline.syncOperations.addHandler(
                NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host))
        }
        guard let parser = ReplyParser(limits: .init(bytes: configuration.maximumReplyBytes)) else {
            throw RedisError(.connectionFailed, "no memory for a reply parser")
        }
        let handler = RedisChannelHandler(parser: parser, label: configuration.label)
        try channel.pipeline.syncOperations.addHandler(handler)
        guard let ended = handler.ended else { throw ChannelError.ioOnClosedChannel }
        return Connection(handler: NIOLoopBound(handler, eventLoop: channel.eventLoop), ended: ended)
    }
}

/// The channels of one attempt to connect (a name may have several addresses), so that cancellation can end it.
private final class Attempt: Sendable {
    private let channels = Mutex<[any Channel]?>([])

    func adopt(_ channel: any Channel) throws {
        let isWanted = channels.withLock { channels in
            channels?.append(channel)
            return channels != nil
        }
        guard isWanted else { throw CancellationError() }
    }

    func abandon() {
        let channels = channels.withLock { channels in
            defer { channels = nil }
            return channels ?? []
        }
        for channel in channels { channel.close(promise: nil) }
    }
}
