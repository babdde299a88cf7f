import NIOCore

/// Requests that were written, in the order in which their replies come. A value: no I/O, no clock.
///
/// It keeps no command: their bytes are free as soon as they are written. A late request is told so and keeps its
/// place, so that the replies behind it still find theirs.
struct PendingReplies {
    struct Entry {
        let deadline: NIODeadline
        let complete: @Sendable (RedisRequest.Outcome) -> Void
        fileprivate let expected: Int
        fileprivate let load: RedisLoad
        /// Nobody waits for the replies any more.
        fileprivate var isAbandoned = false
        fileprivate(set) var replies: [RedisValue] = []
    }

    private var entries = CircularBuffer<Entry>()
    private var abandoned = 0
    /// Of the requests that still lack replies.
    private(set) var load = RedisLoad()

    var isEmpty: Bool { entries.isEmpty }

    /// Whether replies are owed that nobody waits for.
    var hasAbandoned: Bool { abandoned > 0 }

    /// When the next request is late. O(n).
    var earliestDeadline: NIODeadline? { entries.lazy.filter { !$0.isAbandoned }.map(\.deadline).min() }

    mutating func append(_ request: RedisRequest) {
        let load = request.load
        self.load += load
        var entry = Entry(
            deadline: request.deadline, complete: request.complete, expected: request.commands.count, load: load)
        entry.replies.reserveCapacity(entry.expected)
        entries.append(entry)
    }

    /// Takes the next reply.
    /// - Returns: the request that is complete with it, or `nil` while it lacks others or nobody waits for it.
    /// - Throws: `protocolViolation` when no request waits.
    mutating func receive(_ reply: RedisValue) throws(RedisError) -> Entry? {
        guard !entries.isEmpty else {
            throw RedisError(.protocolViolation, "Redis sent a reply that no command asked for")
        }
        let first = entries.startIndex
        entries[first].replies.append(reply)
        guard entries[first].replies.count == entries[first].expected else { return nil }
        let entry = entries.removeFirst()
        load -= entry.load
        guard entry.isAbandoned else { return entry }
        abandoned -= 1
        return nil
    }

    /// The requests that are late now, once each; their replies will be dropped. O(n).
    mutating func takeLate(at now: NIODeadline) -> [Entry] {
        var late: [Entry] = []
        for index in entries.indices where !entries[index].isAbandoned && entries[index].deadline <= now {
            late.append(entries[index])
            entries[index].isAbandoned = true
        }
        abandoned += late.count
        return late
    }

    /// Empties the line.
    /// - Returns: the requests that somebody waits for.
    mutating func removeAll() -> [Entry] {
        defer { self = PendingReplies() }
        return entries.filter { !$0.isAbandoned }
    }
}
