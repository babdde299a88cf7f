package import Logging
package import NIOCore
import Synchronization

/// A subscription to channels that is kept up for ever.
///
/// Messages published while the connection is down are lost; `onSubscribed` is called after every
/// (re)subscription, so that the caller can look at what it may have missed.
package final class RedisSubscriber: Sendable {
    private enum Watch {
        static let ping: Duration = .seconds(5)
        static let silence: Duration = .seconds(15)
    }

    private let connector: RedisConnector
    private let logger: Logger

    package init(configuration: RedisConfiguration, eventLoop: any EventLoop, name: String, logger: Logger) {
        connector = RedisConnector(configuration: configuration, eventLoop: eventLoop, name: name)
        self.logger = logger
    }

    /// Delivers messages (channel, payload) in order, on the event loop, until the task is cancelled.
    package func run(
        channels: [String], onSubscribed: @escaping @Sendable () -> Void = {},
        _ deliver: @escaping @Sendable (String, ByteBuffer) -> Void
    ) async {
        var backoff = Backoff()
        var generator = SystemRandomNumberGenerator()
        while !Task.isCancelled {
            let life = SubscriptionLife(channels: channels.count, onSubscribed: onSubscribed, deliver: deliver)
            do {
                let connection = try await connector.connect { life.receive($0) }
                backoff.reset()
                await keep(connection, life: life, channels: channels)
            } catch {
                logger.debug("a subscription is down", metadata: ["reason": "\(error.message)"])
            }
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    private func keep(_ connection: RedisConnector.Connection, life: SubscriptionLife, channels: [String]) async {
        var subscribe = RedisCommand("SUBSCRIBE")
        subscribe.append(contentsOf: channels)
        send(connector.signInCommands.dropLast() + [subscribe], on: connection)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    // Closed is closed, whatever the reason.
                    try? await connection.channel.closeFuture.get()
                } onCancel: {
                    connection.channel.close(promise: nil)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    // Only cancellation ends the sleep early, and the loop's condition sees it.
                    try? await Task.sleep(for: Watch.ping)
                    // A half-open connection is silent: nothing came although pings were sent.
                    if life.silence > Watch.silence { connection.channel.close(promise: nil) }
                    self.send([RedisCommand("PING")], on: connection)
                }
            }
            await group.next()
            group.cancelAll()
        }
    }

    private func send(_ commands: [RedisCommand], on connection: RedisConnector.Connection) {
        let request = RedisRequest(commands: commands, deadline: .distantFuture) { _ in }
        connection.channel.eventLoop.execute { connection.handler.value.send([request]) }
    }
}

/// What one connection of a subscriber has seen.
private final class SubscriptionLife: Sendable {
    private let missing: Mutex<Int>
    private let lastHeard = Mutex(ContinuousClock.now)
    private let onSubscribed: @Sendable () -> Void
    private let deliver: @Sendable (String, ByteBuffer) -> Void

    init(
        channels: Int, onSubscribed: @escaping @Sendable () -> Void,
        deliver: @escaping @Sendable (String, ByteBuffer) -> Void
    ) {
        missing = Mutex(channels)
        self.onSubscribed = onSubscribed
        self.deliver = deliver
    }

    var silence: Duration { lastHeard.withLock { ContinuousClock.now - $0 } }

    func receive(_ reply: RedisValue) {
        lastHeard.withLock { $0 = .now }
        guard let parts = reply.array, parts.count == 3, let kind = parts[0].string else { return }
        switch kind {
        case "message":
            if let channel = parts[1].string, let payload = parts[2].bytes { deliver(channel, payload) }
        case "subscribe":
            let isComplete = missing.withLock { missing in
                missing -= 1
                return missing == 0
            }
            if isComplete { onSubscribed() }
        default: break
        }
    }
}
