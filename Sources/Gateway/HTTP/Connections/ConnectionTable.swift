import Logging
import NIOCore
import Observability
import Synchronization

/// The open connections of both ports, bounded below the limit of descriptors.
///
/// At the bound the connection that idles the longest is ended for a new one. When none has idled for `leastIdle` (a new one's request
/// may be on its way), a few more are let in on a reserve: they get answers to health checks and 503 for the rest. Beyond the
/// reserve whatever idles is ended, and if nothing does, the new one is closed at once.
final class ConnectionTable: Sendable {
    struct Bound: Sendable, Equatable {
        /// Connections that are served.
        var regular: Int
        /// Connections more for health checks and clear answers.
        var reserve: Int
    }

    fileprivate struct Connection {
        var end: @Sendable (any Sendable) -> Void
        var isReserve: Bool
        /// Its turn in `idle`; `nil` while it has a request.
        var idleTurn: UInt64?
        var idleSince: ContinuousClock.Instant
        /// It was told to end and counts no more.
        var isEnding = false
    }
    fileprivate struct State {
        var bound: Bound
        /// `bound.regular` as it was at the start.
        let whole: Int
        /// The newest failure for which the bound was lowered, or the end of the minute for which it was raised.
        var loweredAt: ContinuousClock.Instant?
        var connections: [UInt64: Connection] = [:]
        var live = 0
        var regular = 0
        var last: UInt64 = 0
        var turn: UInt64 = 0
        /// Idle connections, the longest first; entries whose turn is over are skipped.
        var idle = CircularBuffer<(number: UInt64, turn: UInt64)>()
        var isQuiescing = false
        var isFull = false
    }

    static let leastIdle: Duration = .milliseconds(250)

    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let series: ConnectionSeries
    fileprivate let state: Mutex<State>

    init(
        bound: Bound, logger: Logger, series: ConnectionSeries = ConnectionSeries(in: MetricsRegistry()),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        state = Mutex(State(bound: bound, whole: bound.regular))
        self.now = now
        self.logger = logger
        self.series = series
    }

    /// What holds now.
    var bound: Bound {
        let now = now()
        return state.withLock { state in
            state.recover(now: now)
            return state.bound
        }
    }

    /// Connections that are open and were not told to end.
    var count: Int { state.withLock { $0.live } }

    /// A new connection; idle until it says otherwise. `nil` when there is no room: close it.
    /// - Parameter end: hands the connection `ConnectionEnd` or `ChannelShouldQuiesceEvent`.
    func enter(_ end: @escaping @Sendable (any Sendable) -> Void) -> Seat? {
        let now = now()
        let (seat, victim, filled, stops) = state.withLock { state in
            state.recover(now: now)
            let wasFull = state.isFull
            let settled = now - (state.live < state.bound.regular + state.bound.reserve ? Self.leastIdle : .zero)
            if state.live >= state.bound.regular { state.isFull = true }
            let victim = state.live >= state.bound.regular ? state.endLongestIdle(since: settled) : nil
            guard state.live < state.bound.regular + state.bound.reserve else {
                return (Seat?.none, victim, !wasFull, state.isQuiescing)
            }
            state.last += 1
            let isReserve = state.regular >= state.bound.regular
            state.connections[state.last] = Connection(end: end, isReserve: isReserve, idleSince: now)
            state.live += 1
            if !isReserve { state.regular += 1 }
            state.markIdle(state.last, now: now)
            return (
                Seat(self, number: state.last, isReserve: isReserve), victim, state.isFull && !wasFull,
                state.isQuiescing
            )
        }
        if let victim {
            series.displaced.increment()
            victim(ConnectionEnd())
        }
        if seat == nil { series.refused.increment() } else { series.open.add(1) }
        if filled {
            logger.warning(
                "Connections are at their limit: idle ones are closed, then new ones refused",
                metadata: [
                    LogKeys.reason:
                        "\(bound.regular) are open; see gateway.maximum_connections and the limit of open files"
                ])
        }
        if stops { end(ChannelShouldQuiesceEvent()) }
        return seat
    }

    /// Whose descriptors or memory a connection could not be accepted for.
    enum Shortage { case process, machine }

    /// A connection could not be accepted although the bound is not reached: an eighth of the connections ends, those that idle
    /// the longest. Where the process has no descriptor left, no more are kept than are left then; the bound grows back by an
    /// eighth of what it was for each minute without such a failure. What the machine lacks says nothing of this bound.
    func exhausted(_ shortage: Shortage) {
        let now = now()
        let victims = state.withLock { state in
            var victims: [@Sendable (any Sendable) -> Void] = []
            for _ in 0..<max(state.live / 8, 1) {
                guard let victim = state.endLongestIdle(since: now) else { break }
                victims.append(victim)
            }
            switch shortage {
            case .process:
                state.bound.regular = max(min(state.bound.regular, state.live), 1)
                state.loweredAt = now
            case .machine: break
            }
            return victims
        }
        for victim in victims {
            series.displaced.increment()
            victim(ConnectionEnd())
        }
    }

    /// The gateway stops: idle connections end, the others after their answer.
    func quiesce() {
        let ends = state.withLock { state in
            state.isQuiescing = true
            return state.connections.values.map(\.end)
        }
        for end in ends { end(ChannelShouldQuiesceEvent()) }
    }

    /// One connection's place.
    final class Seat: Sendable {
        private let table: ConnectionTable
        private let number: UInt64
        private let isReserve: Atomic<Bool>

        fileprivate init(_ table: ConnectionTable, number: UInt64, isReserve: Bool) {
            self.table = table
            self.number = number
            self.isReserve = Atomic(isReserve)
        }

        /// A request began.
        func busy() { table.state.withLock { $0.connections[number]?.idleTurn = nil } }

        /// All requests are answered.
        func idle() {
            let now = table.now()
            table.state.withLock { $0.markIdle(number, now: now) }
        }

        func leave() { table.leave(number) }

        /// Whether its request may be served, whatever it is; on the reserve only health checks are, until there is room. What
        /// idles makes room for it.
        func claim() -> Claim {
            guard isReserve.load(ordering: .relaxed) else { return .served }
            let claim = table.claim(number)
            if claim == .served { isReserve.store(false, ordering: .relaxed) }
            return claim
        }
    }

    enum Claim: Sendable, Equatable {
        case served
        /// Connections idle, none of them for `leastIdle`: one will have in so much time, unless a request comes on it.
        case soon(Duration)
        /// All have requests.
        case full
    }

    private func claim(_ number: UInt64) -> Claim {
        let now = now()
        var victims: [@Sendable (any Sendable) -> Void] = []
        let claim: Claim = state.withLock { state in
            // One that was told to end counts no more, and its answer goes nowhere.
            guard let own = state.connections[number], own.isReserve, !own.isEnding else { return .served }
            // Those on the reserve take no regular place, so their end makes none.
            while state.regular >= state.bound.regular, let (idle, since) = state.longestIdleRegular {
                guard since <= now - Self.leastIdle else {
                    return .soon(max(Self.leastIdle - (now - since), .milliseconds(1)))
                }
                if let victim = state.end(idle) { victims.append(victim) }
            }
            guard state.regular < state.bound.regular else { return .full }
            state.regular += 1
            state.connections[number]?.isReserve = false
            return .served
        }
        for victim in victims {
            series.displaced.increment()
            victim(ConnectionEnd())
        }
        return claim
    }

    private func leave(_ number: UInt64) {
        let isKnown = state.withLock { state in
            guard let connection = state.connections.removeValue(forKey: number) else { return false }
            if !connection.isEnding { state.forget(connection.isReserve) }
            // Said anew only after there was room for a while.
            if state.live < state.bound.regular - state.bound.regular / 8 { state.isFull = false }
            return true
        }
        if isKnown { series.open.add(-1) }
    }
}

extension ConnectionTable.State {
    /// Raises a bound that was lowered, for the whole minutes since.
    fileprivate mutating func recover(now: ContinuousClock.Instant) {
        guard let since = loweredAt else { return }
        let minutes = Int((now - since) / .seconds(60))
        guard minutes > 0 else { return }
        let step = max(whole / 8, 1)
        bound.regular = min(bound.regular + step * min(minutes, whole), whole)
        loweredAt = bound.regular < whole ? since + .seconds(60) * minutes : nil
    }

    fileprivate mutating func markIdle(_ number: UInt64, now: ContinuousClock.Instant) {
        guard let place = connections.index(forKey: number) else { return }
        turn += 1
        connections.values[place].idleTurn = turn
        connections.values[place].idleSince = now
        idle.append((number, turn))
        if idle.count > 64, idle.count > 4 * connections.count {
            idle = CircularBuffer(idle.filter { connections[$0.number]?.idleTurn == $0.turn })
        }
    }

    /// - Parameter latest: only one that has idled since then.
    fileprivate mutating func endLongestIdle(
        since latest: ContinuousClock.Instant
    ) -> (@Sendable (any Sendable) -> Void)? {
        guard let since = longestIdle, since <= latest, let number = idle.popFirst()?.number else { return nil }
        return end(number)
    }

    /// - Returns: how to tell it.
    fileprivate mutating func end(_ number: UInt64) -> (@Sendable (any Sendable) -> Void)? {
        guard let connection = connections[number], !connection.isEnding else { return nil }
        connections[number]?.isEnding = true
        forget(connection.isReserve)
        return connection.end
    }

    /// The connection that idles the longest of those that have a regular place. It passes those on the reserve, and turns that
    /// are over, of which `markIdle` keeps four for each connection at most.
    fileprivate var longestIdleRegular: (number: UInt64, since: ContinuousClock.Instant)? {
        for (number, turn) in idle {
            guard let connection = connections[number], connection.idleTurn == turn, !connection.isEnding,
                !connection.isReserve
            else { continue }
            return (number, connection.idleSince)
        }
        return nil
    }

    /// Since when the connection idles that idles the longest; it is the first of `idle` then.
    fileprivate var longestIdle: ContinuousClock.Instant? {
        mutating get {
            while let (number, turn) = idle.first {
                if let connection = connections[number], connection.idleTurn == turn, !connection.isEnding {
                    return connection.idleSince
                }
                idle.removeFirst()
            }
            return nil
        }
    }

    fileprivate mutating func forget(_ isReserve: Bool) {
        live -= 1
        if !isReserve { regular -= 1 }
    }
}
