package import Logging
package import NIOCore
import Synchronization

/// One connection to Redis that is kept up for ever, shared by any number of callers.
///
/// Commands that are sent from any threads within one turn of the event loop leave in one write; their
/// callers cost one wake-up together. While Redis is away, commands wait for it up to their own time-out, within a
/// bound. Blocking commands (`BLMPOP`, `XREADGROUP … BLOCK`) need a client of their own.
package final class RedisClient: Sendable {
    /// Bound of the commands that wait while Redis is away.
    private static let maximumWaiting = 10_000
    private static let maximumWaitingBytes = 256 << 20

    fileprivate struct State {
        var outgoing: [RedisRequest] = []
        var outgoingBytes = 0
        var isScheduled = false
        var connection: RedisConnector.Connection?
        var isClosed = false
        var lastError: RedisError?
        var connected: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    package let configuration: RedisConfiguration
    private let eventLoop: any EventLoop
    private let connector: RedisConnector
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter name: shown by `CLIENT LIST`; letters, digits, `-` and `_`.
    package init(configuration: RedisConfiguration, eventLoop: any EventLoop, name: String, logger: Logger) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
        connector = RedisConnector(configuration: configuration, eventLoop: eventLoop, name: name)
    }

    /// Whether commands would leave at once.
    package var isConnected: Bool { state.withLock { $0.connection != nil } }

    /// Why the last attempt to connect failed, until one succeeds.
    package var lastError: RedisError? { state.withLock { $0.lastError } }

    // MARK: Sending

    /// Sends one command and returns its reply; an error reply is thrown.
    ///
    /// The call is not ended by task cancellation: its reply is taken off the line all the same. It ends by `timeout`.
    package func send(_ command: RedisCommand, timeout: Duration = .seconds(5)) async throws(RedisError) -> RedisValue {
        let reply = try await send([command], timeout: timeout).first ?? .null
        if case .error(let message) = reply { throw RedisError(reply: message) }
        return reply
    }

    /// Sends the commands in one write and returns their replies in order; error replies are values.
    package func send(_ commands: [RedisCommand], timeout: Duration = .seconds(5)) async throws(RedisError)
        -> [RedisValue]
    {
        guard !commands.isEmpty else { return [] }
        let result: RedisRequest.Outcome = await withCheckedContinuation { continuation in
            submit(commands, timeout: timeout) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// Sends the commands and calls `complete` once with their replies, on the event loop or, when they cannot be
    /// sent, on the calling thread.
    package func submit(
        _ commands: [RedisCommand], timeout: Duration = .seconds(5),
        complete: @escaping @Sendable (Result<[RedisValue], RedisError>) -> Void
    ) {
        let request = RedisRequest(
            commands: commands, deadline: .now() + .nanoseconds(timeout.nanoseconds), complete: complete)
        let (error, mustSchedule): (RedisError?, Bool) = state.withLock { state in
            if state.isClosed { return (RedisError(.closed, "the Redis client is shut down"), false) }
            if state.connection == nil {
                if let lastError = state.lastError, lastError.code == .authenticationFailed {
                    return (lastError, false)
                }
                guard state.outgoing.count < Self.maximumWaiting, state.outgoingBytes < Self.maximumWaitingBytes else {
                    return (
                        RedisError(
                            .overloaded,
                            "Redis at \(configuration.label) is away and \(state.outgoing.count) commands wait for it"),
                        false
                    )
                }
            }
            state.outgoing.append(request)
            state.outgoingBytes += request.size
            guard !state.isScheduled, state.connection != nil else { return (nil, false) }
            state.isScheduled = true
            return (nil, true)
        }
        if let error { return complete(.failure(error)) }
        if mustSchedule { eventLoop.execute { self.flush() } }
    }

    /// On the event loop: hands everything that gathered to the connection.
    private func flush() {
        let (connection, requests): (RedisConnector.Connection?, [RedisRequest]) = state.withLock { state in
            state.isScheduled = false
            guard let connection = state.connection else { return (nil, []) }
            defer { state.outgoingBytes = 0 }
            return (connection, state.takeOutgoing())
        }
        if let connection, !requests.isEmpty { connection.handler.value.send(requests) }
    }

    // MARK: Keeping the connection

    /// Connects, and connects again whenever the connection is lost, until the task is cancelled.
    package func run() async {
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.keepConnected() }
                group.addTask { await self.expireWaiting() }
                await group.waitForAll()
            }
        } onCancel: {
            close()
        }
        failWaiting(RedisError(.closed, "the Redis client is shut down"))
    }

    /// Waits until the connection is up.
    /// - Throws: why it is not, after `timeout`; at once when the credentials are refused.
    package func waitUntilConnected(timeout: Duration) async throws(RedisError) {
        let deadline = ContinuousClock.now + timeout
        while !isConnected {
            if let error = lastError, error.code == .authenticationFailed { throw error }
            guard ContinuousClock.now < deadline else {
                throw lastError
                    ?? RedisError(
                        .connectionFailed, "cannot connect to Redis at \(configuration.label) within \(timeout)")
            }
            await nextChange(atMost: min(.milliseconds(200), deadline - .now))
        }
    }

    private func keepConnected() async {
        var backoff = Backoff()
        var generator = SystemRandomNumberGenerator()
        var failures = 0
        while !Task.isCancelled {
            do {
                let connection = try await connector.connect()
                let isClosed = state.withLock { state in
                    guard !state.isClosed else { return true }
                    state.connection = connection
                    state.lastError = nil
                    state.isScheduled = true
                    return false
                }
                if isClosed {
                    connection.channel.close(promise: nil)
                    return
                }
                eventLoop.execute { self.flush() }
                notifyChange()
                if failures > 0 { logger.notice("Redis is back", metadata: ["redis": "\(configuration.label)"]) }
                failures = 0
                backoff.reset()
                // The close future never fails in a way that matters here: closed is closed.
                try? await connection.channel.closeFuture.get()
                state.withLock { $0.connection = nil }
            } catch {
                failures += 1
                if failures == 1 || failures % 20 == 0 {
                    logger.warning(
                        "Redis is away", metadata: ["redis": "\(configuration.label)", "reason": "\(error.message)"])
                }
                state.withLock { $0.lastError = error }
                notifyChange()
                if error.code == .authenticationFailed { failWaiting(error) }
            }
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await Task.sleep(for: backoff.next(using: &generator))
        }
    }

    /// Commands that wait for a connection end by their own time-out.
    private func expireWaiting() async {
        while !Task.isCancelled {
            // Only cancellation ends the sleep early, and the loop's condition sees it.
            try? await Task.sleep(for: .milliseconds(100))
            let now = NIODeadline.now()
            let late: [RedisRequest] = state.withLock { state in
                guard state.connection == nil, !state.outgoing.isEmpty else { return [] }
                let late = state.outgoing.filter { $0.deadline <= now }
                if !late.isEmpty {
                    state.outgoing.removeAll { $0.deadline <= now }
                    state.outgoingBytes -= late.reduce(0) { $0 + $1.size }
                }
                return late
            }
            let reason = lastError?.message ?? "no connection yet"
            for request in late {
                request.complete(
                    .failure(RedisError(.timedOut, "Redis at \(configuration.label) is away: \(reason)")))
            }
        }
    }

    private func failWaiting(_ error: RedisError) {
        let requests = state.withLock { state in
            state.outgoingBytes = 0
            return state.takeOutgoing()
        }
        for request in requests { request.complete(.failure(error)) }
    }

    private func close() {
        let connection = state.withLock { state in
            state.isClosed = true
            return state.connection
        }
        connection?.channel.close(promise: nil)
        notifyChange()
    }

    // MARK: Waiting for a change of the connection

    private func nextChange(atMost limit: Duration) async {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withCheckedContinuation { continuation in
            state.withLock { $0.connected[id] = continuation }
            eventLoop.scheduleTask(in: .nanoseconds(limit.nanoseconds)) { self.wake(id) }
        }
    }

    private func wake(_ id: UInt64) {
        state.withLock { $0.connected.removeValue(forKey: id) }?.resume()
    }

    private func notifyChange() {
        let waiting = state.withLock { state in
            defer { state.connected.removeAll() }
            return Array(state.connected.values)
        }
        for continuation in waiting { continuation.resume() }
    }
}

extension RedisClient.State {
    fileprivate mutating func takeOutgoing() -> [RedisRequest] {
        defer { outgoing.removeAll(keepingCapacity: true) }
        return outgoing
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 4 : min(scaled, .max / 4) + attoseconds / 1_000_000_000
    }
}
