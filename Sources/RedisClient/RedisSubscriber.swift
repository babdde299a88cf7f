package import Logging
package import NIOCore
import Synchronization

/// A subscription to channels, on a connection of its own that is kept up for ever.
///
/// Messages published while the connection is down are lost; `onSubscribed` is called after every
/// (re)subscription, so that the caller can look at what it may have missed.
package final class RedisSubscriber: Sendable {
    /// A connection on which nothing came for this long, pings included, is given up.
    private static let silence: TimeAmount = .seconds(15)
    private static let ping: Duration = .seconds(5)

    private let connector: RedisConnector
    private let logger: Logger
    private let failover: RedisFailover
    private let eventLoop: any EventLoop
    private let clock: any Clock<Duration>

    package init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, name: String, logger: Logger,
        failover: RedisFailover = RedisFailover(), clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.eventLoop = eventLoop
        self.clock = clock
        self.failover = failover
        connector = RedisConnector(configuration: configuration, eventLoop: eventLoop, name: name)
        self.logger = logger
    }

    /// Delivers messages (channel, payload) in order, on the event loop, until the task is cancelled.
    package func run(
        channels: [String], onSubscribed: @escaping @Sendable () -> Void = {},
        _ deliver: @escaping @Sendable (String, ByteBuffer) -> Void
    ) async {
        var pause = ReconnectPause()
        var generator = SystemRandomNumberGenerator()
        let outage = Outage(label: connector.configuration.label, logger: logger)
        while !Task.isCancelled {
            let life = SubscriptionLife(channels: channels.count, eventLoop, deliver: deliver) {
                outage.ended()
                onSubscribed()
            }
            var failure: RedisError?
            do throws(RedisError) {
                let connection = try await connector.connect()
                let start = eventLoop.now
                let end = await keep(connection, life: life, channels: channels)
                if case .serverError = end.code { throw end }
                if eventLoop.now - start > .seconds(1) { pause.reset() }
            } catch {
                failure = error
                outage.failed(error)
            }
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await clock.sleep(for: pause.next(after: failure, using: &generator))
        }
    }

    /// Returns when the connection has ended; cancellation ends it.
    private func keep(_ connection: RedisConnector.Connection, life: SubscriptionLife, channels: [String]) async
        -> RedisError
    {
        let number = failover.observe { connection.perform { $0.close(.replica) } }
        defer { failover.forget(number) }
        var subscribe = RedisCommand("SUBSCRIBE")
        subscribe.append(contentsOf: channels)
        connection.perform { [subscribe] handler in
            handler.subscribe([subscribe]) { reply in
                if let refusal = life.receive(reply) { connection.perform { $0.close(refusal) } }
            }
        }
        return await withTaskGroup(of: RedisError?.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    // The future of an end cannot fail.
                    try? await connection.ended.get()
                } onCancel: {
                    connection.perform { $0.close(.closed) }
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    // Only cancellation ends the sleep early, and the loop's condition sees it.
                    try? await self.clock.sleep(for: Self.ping)
                    connection.perform { handler in
                        guard life.silence < Self.silence else { return handler.close(.silent) }
                        handler.post([RedisCommand("PING")])
                    }
                }
                return nil
            }
            defer { group.cancelAll() }
            return await group.next()?.flatMap { $0 } ?? .closed
        }
    }
}

extension RedisError {
    fileprivate static let replica = RedisError(.connectionLost, "the server of a subscription became a replica")
    fileprivate static let silent = RedisError(.timedOut, "Redis does not answer the pings of a subscription")
}

/// What one connection of a subscriber has seen.
private final class SubscriptionLife: Sendable {
    private struct State {
        var missing: Int
        var lastHeard: NIODeadline
    }

    private let eventLoop: any EventLoop
    private let state: Mutex<State>
    private let onSubscribed: @Sendable () -> Void
    private let deliver: @Sendable (String, ByteBuffer) -> Void

    init(
        channels: Int, _ eventLoop: any EventLoop, deliver: @escaping @Sendable (String, ByteBuffer) -> Void,
        onSubscribed: @escaping @Sendable () -> Void
    ) {
        self.eventLoop = eventLoop
        state = Mutex(State(missing: channels, lastHeard: eventLoop.now))
        self.onSubscribed = onSubscribed
        self.deliver = deliver
    }

    var silence: TimeAmount {
        let now = eventLoop.now
        return state.withLock { now - $0.lastHeard }
    }

    /// - Returns: why Redis refuses the subscription, if it does.
    func receive(_ reply: RedisValue) -> RedisError? {
        let now = eventLoop.now
        state.withLock { $0.lastHeard = now }
        if let message = reply.errorMessage { return RedisError(reply: message) }
        guard let parts = reply.array, parts.count == 3, let kind = parts[0].string else { return nil }
        switch kind {
        case "message":
            if let channel = parts[1].string, let payload = parts[2].bytes { deliver(channel, payload) }
        case "subscribe":
            let isComplete = state.withLock { state in
                state.missing -= 1
                return state.missing == 0
            }
            if isComplete { onSubscribed() }
        default: break
        }
        return nil
    }
}
