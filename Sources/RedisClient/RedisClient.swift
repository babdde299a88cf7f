package import Logging
package import NIOCore
import Synchronization

/// One connection to Redis that is kept up for ever, shared by any number of callers.
///
/// Commands that are sent from any threads within one turn of the event loop leave in one write; their
/// callers cost one wake-up together. While Redis is away, commands wait for it up to their own time-out, within a
/// bound (10,000 commands, 256 MiB); above it they fail at once. A command without an answer in time ends the
/// connection unless other bytes came within the last second, since nobody may be there any more. Blocking commands (`BLMPOP`, `XREADGROUP … BLOCK`) need a client
/// of their own, and a time-out above the time that they block.
package final class RedisClient: Sendable {
    private typealias State = ClientState<RedisConnector.Connection>

    package let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let connector: RedisConnector
    private let logger: Logger
    private let state: Mutex<State>
    private let waiters: ConnectionWaiters
    private let failover: RedisFailover
    private let clock: any Clock<Duration>
    private let onConnected: @Sendable () -> Void

    /// - Parameters:
    ///   - name: shown by `CLIENT LIST`; letters, digits, `-` and `_`.
    ///   - failover: of all connections to the same server.
    ///   - clock: what it waits by between attempts to connect.
    ///   - onConnected: called on the event loop whenever there is a connection again; must not block.
    package init(
        configuration: RedisConfiguration, eventLoop: any EventLoop, name: String, logger: Logger,
        failover: RedisFailover = RedisFailover(), clock: any Clock<Duration> = ContinuousClock(),
        onConnected: @escaping @Sendable () -> Void = {}
    ) {
        self.failover = failover
        self.clock = clock
        self.onConnected = onConnected
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        connector = RedisConnector(configuration: configuration, eventLoop: eventLoop, name: name)
        state = Mutex(State(label: configuration.label))
        waiters = ConnectionWaiters(eventLoop: eventLoop)
    }

    /// Whether commands would leave at once.
    package var isConnected: Bool {
        state.withLock { state in
            if case .up = state.link { true } else { false }
        }
    }

    /// Why there is no connection; `nil` while there is one, and before the first attempt has ended.
    package var lastError: RedisError? {
        state.withLock { state in
            switch state.link {
            case .down(let error): error
            case .up: nil
            case .closed: .closed
            }
        }
    }

    // MARK: Sending

    /// Sends one command and returns its reply; an error reply is thrown.
    ///
    /// What was sent is not ended by task cancellation: its reply is taken off the line all the same, and it ends by
    /// `timeout`. What waits for a connection is.
    package func send(_ command: RedisCommand, timeout: Duration = .seconds(5)) async throws(RedisError) -> RedisValue {
        let reply = try await send([command], timeout: timeout).first ?? .null
        if case .error(let message) = reply { throw RedisError(reply: message) }
        return reply
    }

    /// Sends the commands in one write and returns their replies in order; error replies are values.
    package func send(
        _ commands: [RedisCommand], timeout: Duration = .seconds(5)
    ) async throws(RedisError) -> [RedisValue] {
        guard !commands.isEmpty else { return [] }
        guard !isConnected else {
            let result: RedisRequest.Outcome = await withCheckedContinuation { continuation in
                submit(commands, timeout: timeout) { continuation.resume(returning: $0) }
            }
            return try result.get()
        }
        let caller = RedisCaller()
        let result: RedisRequest.Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                submit(commands, timeout: timeout, caller: caller) { continuation.resume(returning: $0) }
                // Cancelled before the request was noted: the handler found nothing.
                if Task.isCancelled { withdraw(caller) }
            }
        } onCancel: {
            withdraw(caller)
        }
        return try result.get()
    }

    private func withdraw(_ caller: RedisCaller) {
        guard let request = state.withLock({ $0.withdraw(caller) }) else { return }
        let reason = lastError?.message ?? "no connection yet"
        request.complete(.failure(RedisError(.timedOut, "Redis at \(configuration.label) is away: \(reason)")))
    }

    /// Sends the commands and calls `complete` once with their replies: on the event loop or, when they cannot be
    /// sent, on the calling thread.
    package func submit(
        _ commands: [RedisCommand], timeout: Duration = .seconds(5),
        complete: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        submit(commands, timeout: timeout, caller: nil, complete: complete)
    }

    private func submit(
        _ commands: [RedisCommand], timeout: Duration, caller: RedisCaller?,
        complete: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        guard !commands.isEmpty else { return complete(.success([])) }
        let request = RedisRequest(
            commands: commands, deadline: eventLoop.now + .nanoseconds(timeout.nanoseconds), caller: caller,
            complete: complete)
        switch state.withLock({ $0.submit(request) }) {
        case .accepted: break
        case .flush: eventLoop.execute { self.flush() }
        case .expire(let deadline): expire(at: deadline)
        case .refused(let error): complete(.failure(error))
        }
    }

    /// On the event loop: hands everything that gathered to the connection.
    private func flush() {
        guard let batch = state.withLock({ $0.flush(now: eventLoop.now) }) else { return }
        if !batch.requests.isEmpty { batch.connection.handler.value.send(batch.requests) }
        fail(batch.late, RedisError(.timedOut, "Redis at \(configuration.label) came back too late"))
    }

    /// Ends what waits for a connection, each by its own time-out.
    private func expire(at deadline: NIODeadline) {
        eventLoop.scheduleTask(deadline: deadline) { [self] in
            let reason = lastError?.message ?? "no connection yet"
            let (late, next) = state.withLock { $0.expire(armedFor: deadline, now: eventLoop.now) }
            fail(late, RedisError(.timedOut, "Redis at \(configuration.label) is away: \(reason)"))
            if let next { expire(at: next) }
        }
    }

    private func fail(_ requests: [RedisRequest], _ error: RedisError) {
        for request in requests { request.complete(.failure(error)) }
    }

    // MARK: Keeping the connection

    /// Connects, and connects again whenever the connection is lost, until the task is cancelled. Then the client is
    /// closed: commands that wait and later ones fail.
    package func run() async {
        let number = failover.observe { [weak self] in self?.leaveReplica() }
        defer { failover.forget(number) }
        await withTaskCancellationHandler {
            await keepConnected()
        } onCancel: {
            close()
        }
    }

    /// Waits until the connection is up.
    /// - Throws: why it is not, after `timeout`; at once when the credentials are refused.
    package func waitUntilConnected(timeout: Duration) async throws(RedisError) {
        let fallback = RedisError(
            .connectionFailed, "cannot connect to Redis at \(configuration.label) within \(timeout)")
        try await waiters.wait(atMost: .nanoseconds(timeout.nanoseconds)) {
            self.state.withLock { state in
                switch state.link {
                case .up: .success(())
                case .closed: .failure(.closed)
                case .down(let error?) where error.code == .authenticationFailed: .failure(error)
                case .down: nil
                }
            }
        } orThrow: {
            self.lastError ?? fallback
        }
    }

    private func keepConnected() async {
        var pause = ReconnectPause()
        var generator = SystemRandomNumberGenerator()
        let outage = Outage(label: configuration.label, logger: logger)
        while !Task.isCancelled {
            var failure: RedisError?
            do {
                let connection = try await connector.connect()
                let start = eventLoop.now
                await adopt(connection)
                outage.ended()
                // The future of an end cannot fail.
                _ = try? await connection.ended.get()
                if eventLoop.now - start > .seconds(1) { pause.reset() }
            } catch {
                failure = error
                outage.failed(error)
                ended(error)
            }
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await clock.sleep(for: pause.next(after: failure, using: &generator))
        }
    }

    /// Makes the connection the one that commands take, unless it ended already.
    private func adopt(_ connection: RedisConnector.Connection) async {
        let adopted = eventLoop.submit { [self] in
            let handler = connection.handler.value
            guard handler.isOpen else { return }
            guard state.withLock({ $0.connected(connection) }) else { return handler.close(.closed) }
            handler.onReplica = { [failover, eventLoop] in failover.announce(at: eventLoop.now) }
            handler.onSettled = { load in self.state.withLock { $0.settled(load) } }
            connection.ended.whenSuccess { self.ended($0) }
            flush()
            onConnected()
        }
        // The closure cannot fail.
        try? await adopted.get()
        waiters.notify()
    }

    /// There is no connection any more.
    private func ended(_ error: RedisError) {
        let (deadline, refused) = state.withLock { $0.disconnected(error) }
        if let deadline { expire(at: deadline) }
        fail(refused, error)
        waiters.notify()
    }

    /// The server became a replica. A connection that owes replies finds out by itself.
    private func leaveReplica() {
        let connection: RedisConnector.Connection? = state.withLock { state in
            if case .up(let connection) = state.link { connection } else { nil }
        }
        connection?.perform { $0.leaveWhenIdle() }
    }

    private func close() {
        let (connection, refused) = state.withLock { $0.close() }
        connection?.perform { $0.close(.closed) }
        fail(refused, .closed)
        waiters.notify()
    }
}

extension RedisError {
    static let closed = RedisError(.closed, "the Redis client is shut down")
}

extension Duration {
    /// Not below zero, and far from the ends of the range.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return max(0, min(seconds, 1_000_000_000)) * 1_000_000_000 + max(0, attoseconds) / 1_000_000_000
    }
}
