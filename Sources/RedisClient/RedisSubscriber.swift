package import Logging
package import NIOCore
import Synchronization

/// A subscription to channels, on a connection of its own that is kept up for ever.
///
/// Messages published while the connection is down are lost; `onSubscribed` is called after every
/// (re)subscription, so that the caller can look at what it may have missed.
package final class RedisSubscriber: Sendable {
    /// A connection on which nothing came for this long, pings included, is given up.
    private static let silence: Duration = .seconds(15)
    private static let ping: Duration = .seconds(5)

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
        var outage = Outage(label: connector.configuration.label, logger: logger)
        while !Task.isCancelled {
            let life = SubscriptionLife(channels: channels.count, onSubscribed: onSubscribed, deliver: deliver)
            var failure: RedisError?
            do throws(RedisError) {
                let connection = try await connector.connect()
                let start = ContinuousClock.now
                await keep(connection, life: life, channels: channels)
                if let refusal = life.refusal { throw refusal }
                outage.ended()
                if ContinuousClock.now - start > .seconds(1) { backoff.reset() }
            } catch {
                failure = error
                outage.failed(error)
            }
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await Task.sleep(for: backoff.next(after: failure, using: &generator))
        }
    }

    /// Returns when the connection is closed, or the task is cancelled.
    private func keep(_ connection: RedisConnector.Connection, life: SubscriptionLife, channels: [String]) async {
        let handler = connection.handler
        let channel = connection.channel
        channel.eventLoop.execute {
            var subscribe = RedisCommand("SUBSCRIBE")
            subscribe.append(contentsOf: channels)
            handler.value.subscribe([subscribe]) { reply in
                if !life.receive(reply) { channel.close(promise: nil) }
            }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    // Closed is closed, whatever the reason.
                    try? await channel.closeFuture.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            }
            group.addTask {
                while !Task.isCancelled {
                    // Only cancellation ends the sleep early, and the loop's condition sees it.
                    try? await Task.sleep(for: Self.ping)
                    if life.silence > Self.silence { channel.close(promise: nil) }
                    channel.eventLoop.execute { handler.value.post([RedisCommand("PING")]) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// What one connection of a subscriber has seen.
private final class SubscriptionLife: Sendable {
    private struct State {
        var missing: Int
        var lastHeard = ContinuousClock.now
        var refusal: RedisError?
    }

    private let state: Mutex<State>
    private let onSubscribed: @Sendable () -> Void
    private let deliver: @Sendable (String, ByteBuffer) -> Void

    init(
        channels: Int, onSubscribed: @escaping @Sendable () -> Void,
        deliver: @escaping @Sendable (String, ByteBuffer) -> Void
    ) {
        state = Mutex(State(missing: channels))
        self.onSubscribed = onSubscribed
        self.deliver = deliver
    }

    var silence: Duration { state.withLock { ContinuousClock.now - $0.lastHeard } }

    /// Why Redis does not let this user subscribe.
    var refusal: RedisError? { state.withLock { $0.refusal } }

    /// - Returns: `false` when the subscription is refused.
    func receive(_ reply: RedisValue) -> Bool {
        state.withLock { $0.lastHeard = .now }
        if let message = reply.errorMessage {
            state.withLock { $0.refusal = RedisError(reply: message) }
            return false
        }
        guard let parts = reply.array, parts.count == 3, let kind = parts[0].string else { return true }
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
        return true
    }
}
