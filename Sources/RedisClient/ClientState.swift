import NIOCore

/// What a client decides under its lock: which commands wait, leave, or are refused. A value: no I/O, no clock.
///
/// Generic over the connection, so that tests drive it without one.
struct ClientState<Connection> {
    enum Link {
        /// No connection, and why. Can go to: up, closed.
        case down(RedisError?)
        /// Can go to: down, closed.
        case up(Connection)
        /// The end.
        case closed
    }

    /// What to do after a request was submitted.
    enum Submission {
        /// It leaves with a flush that is scheduled already, or waits for the connection.
        case accepted
        /// A flush must be scheduled.
        case flush
        /// No other waits so briefly: look for late requests at this time.
        case expire(NIODeadline)
        case refused(RedisError)
    }

    struct Limits: Sendable {
        /// Commands that wait while there is no connection.
        var waitingCommands = 10_000
        /// Commands that wait for their replies.
        var unansweredCommands = 100_000
        /// Bytes of all commands that the client holds.
        var bytes = 256 << 20
    }

    private let limits: Limits
    /// Names the server in errors.
    private let label: String
    private(set) var link = Link.down(nil)
    private var outgoing: [RedisRequest] = []
    private var outgoingLoad = RedisLoad()
    private var unanswered = RedisLoad()
    private var isFlushScheduled = false
    /// The earliest time at which somebody looks for late requests.
    private var expiry: NIODeadline?

    init(label: String, limits: Limits = Limits()) {
        self.label = label
        self.limits = limits
    }

    // MARK: Requests

    mutating func submit(_ request: RedisRequest) -> Submission {
        let load = request.load
        guard load.bytes <= limits.bytes else {
            return .refused(
                RedisError(
                    .tooLarge,
                    "a command of \(load.bytes) bytes was not sent to Redis at \(label): at most \(limits.bytes) bytes fit"
                ))
        }
        switch link {
        case .closed: return .refused(.closed)
        case .down(let reason?) where reason.code == .authenticationFailed: return .refused(reason)
        case .down(let reason):
            guard outgoingLoad.commands + load.commands <= limits.waitingCommands, hasRoom(for: load) else {
                return .refused(overload(outgoingLoad, "is away (\(reason?.message ?? "no connection yet"))"))
            }
            append(request, load)
            if let expiry, expiry <= request.deadline { return .accepted }
            expiry = request.deadline
            return .expire(request.deadline)
        case .up:
            guard unanswered.commands + outgoingLoad.commands + load.commands <= limits.unansweredCommands,
                hasRoom(for: load)
            else { return .refused(overload(unanswered, "does not answer fast enough")) }
            append(request, load)
            guard !isFlushScheduled else { return .accepted }
            isFlushScheduled = true
            return .flush
        }
    }

    /// Takes everything that gathered: what to write at once, and what waited too long for a connection.
    mutating func flush(
        now: NIODeadline
    ) -> (connection: Connection, requests: [RedisRequest], late: [RedisRequest])? {
        isFlushScheduled = false
        guard case .up(let connection) = link, !outgoing.isEmpty else { return nil }
        let late = takeLate(now)
        unanswered += outgoingLoad
        return (connection, takeOutgoing(), late)
    }

    /// Notes that replies came. What a connection still owes ends with it.
    mutating func settled(_ load: RedisLoad) { unanswered -= load }

    // MARK: The connection

    /// - Returns: `false` when the client was closed meanwhile. Otherwise a flush must follow.
    mutating func connected(_ connection: Connection) -> Bool {
        if case .closed = link { return false }
        link = .up(connection)
        isFlushScheduled = true
        return true
    }

    /// The connection is gone, or none could be made. Requests that were not written wait for the next, unless the
    /// credentials are refused.
    ///
    /// - Returns: when to look for late requests, and those that are refused at once.
    mutating func disconnected(_ reason: RedisError) -> (expire: NIODeadline?, refused: [RedisRequest]) {
        if case .closed = link { return (nil, []) }
        link = .down(reason)
        isFlushScheduled = false
        unanswered = RedisLoad()
        if reason.code == .authenticationFailed { return (nil, takeOutgoing()) }
        return (expiryToArm(), [])
    }

    /// Takes the requests that waited too long for a connection.
    ///
    /// - Parameter deadline: the time that was given to look at.
    /// - Returns: when to look again.
    mutating func expire(
        armedFor deadline: NIODeadline, now: NIODeadline
    ) -> (late: [RedisRequest], expire: NIODeadline?) {
        if expiry == deadline { expiry = nil }
        guard case .down = link else { return ([], nil) }
        return (takeLate(now), expiryToArm())
    }

    /// Takes the request of a caller who does not wait any more out of those that wait for a connection.
    /// - Returns: `nil` when it is on its way, was answered, or never came.
    mutating func withdraw(_ caller: RedisCaller) -> RedisRequest? {
        guard case .down = link, let index = outgoing.firstIndex(where: { $0.caller === caller }) else { return nil }
        let request = outgoing.remove(at: index)
        outgoingLoad -= request.load
        return request
    }

    /// Ends the client.
    mutating func close() -> (connection: Connection?, refused: [RedisRequest]) {
        defer { link = .closed }
        let refused = takeOutgoing()
        if case .up(let connection) = link { return (connection, refused) }
        return (nil, refused)
    }

    // MARK: Parts

    private mutating func append(_ request: RedisRequest, _ load: RedisLoad) {
        outgoing.append(request)
        outgoingLoad += load
    }

    private mutating func takeLate(_ now: NIODeadline) -> [RedisRequest] {
        let late = outgoing.filter { $0.deadline <= now }
        guard !late.isEmpty else { return [] }
        outgoing.removeAll { $0.deadline <= now }
        for request in late { outgoingLoad -= request.load }
        return late
    }

    private mutating func takeOutgoing() -> [RedisRequest] {
        defer {
            outgoing = []
            outgoing.reserveCapacity(32)
            outgoingLoad = RedisLoad()
        }
        return outgoing
    }

    private mutating func expiryToArm() -> NIODeadline? {
        guard let earliest = outgoing.lazy.map(\.deadline).min() else { return nil }
        if let expiry, expiry <= earliest { return nil }
        expiry = earliest
        return earliest
    }

    private func hasRoom(for load: RedisLoad) -> Bool {
        outgoingLoad.bytes + unanswered.bytes + load.bytes <= limits.bytes
    }

    private func overload(_ held: RedisLoad, _ what: String) -> RedisError {
        RedisError(
            .overloaded,
            "Redis at \(label) \(what) and \(held.commands) commands of \(outgoingLoad.bytes + unanswered.bytes) bytes wait already; try again later"
        )
    }
}
