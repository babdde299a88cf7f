import NIOCore

/// Commands that leave together and whose replies are returned together.
struct RedisRequest: Sendable {
    typealias Outcome = Result<[RedisValue], RedisError>

    let commands: [RedisCommand]
    let deadline: NIODeadline
    /// Called exactly once, from any thread; must not block.
    let complete: @Sendable (Outcome) -> Void

    var size: Int { commands.reduce(0) { $0 + $1.size } }
}

/// Requests that were written, in the order in which their replies come. A value: no I/O, no clock.
struct PendingReplies {
    private struct Entry {
        let request: RedisRequest
        var replies: [RedisValue] = []
    }
    private var entries: [Entry] = []
    private var first = 0

    var isEmpty: Bool { first == entries.count }

    mutating func append(_ request: RedisRequest) {
        var entry = Entry(request: request)
        entry.replies.reserveCapacity(request.commands.count)
        entries.append(entry)
    }

    /// Takes the next reply.
    /// - Returns: the request that is complete with it, or `nil`; `unexpected` when nothing waits for a reply.
    mutating func receive(_ reply: RedisValue) throws(RedisError) -> (RedisRequest, [RedisValue])? {
        guard first < entries.count else {
            throw RedisError(.protocolViolation, "Redis sent a reply that no command asked for")
        }
        entries[first].replies.append(reply)
        guard entries[first].replies.count == entries[first].request.commands.count else { return nil }
        let entry = entries[first]
        first += 1
        if first > 256 && first * 2 > entries.count {
            entries.removeFirst(first)
            first = 0
        }
        return (entry.request, entry.replies)
    }

    /// Whether any request should have been answered by `now`.
    func isLate(at now: NIODeadline) -> Bool {
        entries[first...].contains { $0.request.deadline <= now }
    }

    /// Empties the line.
    mutating func removeAll() -> [RedisRequest] {
        defer {
            entries.removeAll()
            first = 0
        }
        return entries[first...].map(\.request)
    }
}
