import NIOCore

/// Requests that were written, in the order in which their replies come. A value: no I/O, no clock.
///
/// It keeps no command: their bytes are free as soon as they are written.
struct PendingReplies {
    struct Entry {
        let deadline: NIODeadline
        let complete: @Sendable (RedisRequest.Outcome) -> Void
        fileprivate let expected: Int
        fileprivate let load: RedisLoad
        fileprivate(set) var replies: [RedisValue] = []
    }

    private var entries = CircularBuffer<Entry>()
    /// Of the requests that still wait.
    private(set) var load = RedisLoad()

    var isEmpty: Bool { entries.isEmpty }

    /// When the next request is late. O(n).
    var earliestDeadline: NIODeadline? { entries.lazy.map(\.deadline).min() }

    mutating func append(_ request: RedisRequest) {
        let load = request.load
        self.load += load
        var entry = Entry(
            deadline: request.deadline, complete: request.complete, expected: request.commands.count, load: load)
        entry.replies.reserveCapacity(entry.expected)
        entries.append(entry)
    }

    /// Takes the next reply.
    /// - Returns: the request that is complete with it, or `nil` while it lacks others.
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
        return entry
    }

    /// Empties the line.
    mutating func removeAll() -> [Entry] {
        defer {
            entries.removeAll()
            load = RedisLoad()
        }
        return Array(entries)
    }
}
