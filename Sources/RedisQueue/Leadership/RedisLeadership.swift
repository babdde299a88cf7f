import Clocks
package import Jobs
import Logging
import Observability
import RedisClient
import Synchronization
package import Time

/// Leadership by a lease in Redis: one key, held by Redis time, renewed every second.
///
/// After the death of the leader another leads within the lease (3 s by default) and a few milliseconds; after an orderly
/// end within a renewal (1 s). While Redis is away nobody leads: the old leader stops before its lease could have passed on.
package final class RedisLeadership: Leadership {
    package enum Contention: String, Sendable {
        /// Waits for the end of another's lease.
        case shared
        /// Takes the lease over at once: for a Redis that only this process uses (`spate up`), where a lease that stands
        /// is that of its own life before a crash.
        case sole
    }

    fileprivate typealias Listener = AsyncStream<LeadershipTerm?>.Continuation

    fileprivate struct State {
        var tenure: LeaseCandidacy
        /// What the listeners know.
        var told: LeadershipTerm?
        var listeners: [UInt64: Listener] = [:]
        var nextListener: UInt64 = 0
        var hasEnded = false
    }

    package let holder: String
    private let contention: Contention
    private let time: any TimeSource
    private let client: RedisClient
    private let connections: RedisConnections
    private let failure: RepeatedFailure
    private let state: Mutex<State>

    /// - Parameters:
    ///   - holder: unique per boot of a process: a second process of the same name would share the lease.
    ///   - time: a monotonic clock of this machine.
    package init(
        _ connections: RedisConnections, holder: String, contention: Contention = .shared,
        timing: LeaseCandidacy.Timing = LeaseCandidacy.Timing(), time: any TimeSource = MonotonicTime(ContinuousClock())
    ) {
        self.connections = connections
        self.holder = holder
        self.contention = contention
        self.time = time
        client = connections.makeClient("leader")
        failure = RepeatedFailure(
            "the leadership cannot be contended for", over: "the leadership can be contended for again",
            logger: connections.logger, timing: connections.timing)
        state = Mutex(State(tenure: LeaseCandidacy(timing: timing)))
    }

    // MARK: Leadership

    package func term() -> LeadershipTerm? {
        let now = time.now()
        return state.withLock { $0.term(of: holder, at: now) }
    }

    package func remaining() -> Duration? {
        let now = time.now()
        return state.withLock { $0.term(of: holder, at: now) }.map { $0.ends - now }
    }

    package func terms() -> AsyncStream<LeadershipTerm?> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: LeadershipTerm?.self, bufferingPolicy: .bufferingNewest(1))
        let (id, hasEnded) = state.withLock { state in
            state.nextListener += 1
            if !state.hasEnded { state.listeners[state.nextListener] = continuation }
            return (state.nextListener, state.hasEnded)
        }
        continuation.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: id) }
        }
        // A change that is told meanwhile may be overtaken by this; then it is said once more.
        var said: LeadershipTerm?
        repeat {
            said = term()
            continuation.yield(said)
        } while said?.epoch != term()?.epoch
        if hasEnded { continuation.finish() }
        return stream
    }

    package func run() async {
        // A task of its own, not a child: the connection must outlive the cancellation of this one, for the release.
        let connection = Task { await client.run() }
        while !Task.isCancelled {
            let now = time.now()
            switch state.withLock({ $0.tenure.step(at: now) }) {
            case .contend:
                await contend()
            case .wait(let pause):
                await connections.timing.pause(pause)
            }
            tell()
        }
        await release()
        finish()
        connection.cancel()
        await connection.value
    }

    /// Keeps the connection alone, for those who call `contend` themselves.
    package func keepConnection() async { await client.run() }

    // MARK: Steps

    /// One attempt to take out or renew the lease. `run`, or the connection, must be under way.
    package func contend() async {
        let timing = state.withLock { $0.tenure.timing }
        let seen = state.withLock { $0.tenure.newestEpoch }
        let call = RedisScript.leaderContend.call(keys: [connections.keys.leader]).with(
            holder, String(timing.lease.wholeMilliseconds), String(seen), contention.rawValue)
        let sent = time.now()
        let answer = await ask(call, timeout: timing.renewal)
        let now = time.now()
        state.withLock { $0.tenure.note(answer, sent: sent, at: now) }
        tell()
    }

    private func ask(_ call: ScriptCall, timeout: Duration) async -> LeaseCandidacy.Answer {
        do throws(QueueError) {
            let reply =
                try await client.perform([call], timeout: timeout, "contending for the leadership").first ?? .null
            let numbers = reply.array?.compactMap(\.integer) ?? []
            guard let first = numbers.first, numbers.count >= 2 else {
                throw QueueError.unexpected(reply, "contending for the leadership")
            }
            failure.ended()
            if first == 1 { return .granted(epoch: Int64(numbers[1])) }
            return .held(remaining: .milliseconds(numbers.count > 2 ? numbers[2] : 0))
        } catch {
            // The connection logs its outages itself; anything else is worth a line.
            if error.code != .unavailable { failure.failed(error) }
            return .unknown
        }
    }

    package func release() async {
        let now = time.now()
        let held = state.withLock { state -> (epoch: Int64, ends: Timestamp)? in
            defer { state.tenure.resign() }
            return state.tenure.tenure(at: now)
        }
        tell()
        guard let held else { return }
        let call = RedisScript.leaderRelease.call(keys: [connections.keys.leader]).with(holder, String(held.epoch))
        do throws(QueueError) {
            _ = try await client.perform([call], timeout: .seconds(1), "giving back the leadership")
        } catch {
            connections.logger.info(
                "the leadership was not given back and runs out", metadata: [LogKeys.reason: "\(error)"])
        }
    }

    // MARK: Telling

    /// Tells the listeners what changed; a renewal is no change. One caller at a time.
    private func tell() {
        let now = time.now()
        let change = state.withLock { state -> (term: LeadershipTerm?, listeners: [Listener])? in
            let term = state.term(of: holder, at: now)
            guard term?.epoch != state.told?.epoch else { return nil }
            state.told = term
            return (term, Array(state.listeners.values))
        }
        guard let (term, listeners) = change else { return }
        if let term {
            connections.logger.notice("this scaler leads", metadata: [LogKeys.leaseEpoch: "\(term.epoch)"])
        } else {
            connections.logger.notice("this scaler does not lead any more")
        }
        for listener in listeners { listener.yield(term) }
    }

    private func finish() {
        let listeners = state.withLock { state in
            state.hasEnded = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        for listener in listeners { listener.finish() }
    }
}

extension RedisLeadership.State {
    fileprivate func term(of holder: String, at now: Timestamp) -> LeadershipTerm? {
        tenure.tenure(at: now).map { LeadershipTerm(epoch: $0.epoch, holder: holder, ends: $0.ends) }
    }
}
