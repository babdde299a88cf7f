import NIOCore
import NIOPosix
import NIOSSL

/// Makes a signed-in connection.
struct RedisConnector: Sendable {
    let configuration: RedisConfiguration
    let eventLoop: any EventLoop
    let name: String
    var timeout: TimeAmount = .seconds(5)

    struct Connection: Sendable {
        let channel: any Channel
        let handler: NIOLoopBound<RedisChannelHandler>
    }

    /// - Parameter push: makes a subscriber's connection: after the sign-in every reply goes there.
    func connect(push: (@Sendable (RedisValue) -> Void)? = nil) async throws(RedisError) -> Connection {
        let signIn = SignIn(commands: signInCommands, push: push)
        let connection: Connection
        do {
            connection = try await open(signIn: signIn)
        } catch {
            throw (error as? RedisError)
                ?? RedisError(.connectionFailed, "cannot connect to Redis at \(configuration.label): \(error)")
        }
        guard push == nil else { return connection }
        do {
            try await signIn.run(on: connection)
            return connection
        } catch {
            connection.channel.close(promise: nil)
            throw error
        }
    }

    private func open(signIn: SignIn) async throws -> Connection {
        let configuration = self.configuration
        let push = signIn.push
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.maxMessagesPerRead, value: 16)
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4_096, initial: 65_536, maximum: 1 << 20))
        let initializer: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls = configuration.tls, case .tcp(let host, _) = configuration.address {
                    // Server name indication takes names only; an address is verified all the same.
                    let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host))
                }
                guard let parser = ReplyParser() else {
                    throw RedisError(.connectionFailed, "no memory for a reply parser")
                }
                let handler = RedisChannelHandler(parser: parser, label: configuration.label, push: push)
                try channel.pipeline.syncOperations.addHandler(handler)
                return Connection(channel: channel, handler: NIOLoopBound(handler, eventLoop: channel.eventLoop))
            }
        }
        switch configuration.address {
        case .tcp(let host, let port):
            return try await bootstrap.connect(host: host, port: port, channelInitializer: initializer)
        case .unix(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
        }
    }

    var signInCommands: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password = configuration.password {
            commands.append(
                configuration.user.map { RedisCommand("AUTH", $0, password) } ?? RedisCommand("AUTH", password))
        }
        commands.append(RedisCommand("CLIENT", "SETNAME", name))
        if configuration.database != 0 { commands.append(RedisCommand("SELECT", String(configuration.database))) }
        commands.append(RedisCommand("PING"))
        return commands
    }
}

/// The first commands on a connection, and what their replies mean.
private struct SignIn {
    let commands: [RedisCommand]
    let push: (@Sendable (RedisValue) -> Void)?

    func run(on connection: RedisConnector.Connection) async throws(RedisError) {
        let result: RedisRequest.Outcome = await withCheckedContinuation { continuation in
            let request = RedisRequest(commands: commands, deadline: .now() + .seconds(5)) {
                continuation.resume(returning: $0)
            }
            let handler = connection.handler
            connection.channel.eventLoop.execute { handler.value.send([request]) }
        }
        for reply in try result.get() {
            guard let message = reply.errorMessage else { continue }
            let prefix = message.prefix { $0 != " " }
            // CLIENT SETNAME may be forbidden by an ACL; a name is only a convenience.
            if prefix == "NOPERM" && message.contains("client") { continue }
            if ["WRONGPASS", "NOAUTH", "NOPERM"].contains(prefix) || message.contains("without any password configured")
            {
                throw RedisError(
                    .authenticationFailed,
                    "Redis refuses the user or password (\(message)); set them in the Redis URL")
            }
            throw RedisError(reply: message)
        }
    }
}
