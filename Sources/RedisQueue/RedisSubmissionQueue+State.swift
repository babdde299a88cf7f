package import Jobs
import NIOCore
import RedisClient
import Time
import Wire

extension RedisSubmissionQueue {
    package func state(of id: JobID) async throws(QueueError) -> JobState {
        // Where a job was settled it may be the last moment of its outcome: then a second look finds it gone.
        for _ in 0..<2 {
            let reply = try await client.perform([stateCall(id)], "looking for job \(id)").first ?? .null
            switch try read(reply, of: id) {
            case .found(let state): return state
            case .settled(let size):
                if let outcome = try await outcome(of: id, size: size) { return .settled(outcome) }
            }
        }
        return .gone
    }

    /// The stored outcome; `nil` if there is none any more.
    func outcome(of id: JobID, size: Int) async throws(QueueError) -> Outcome? {
        let what = "reading the outcome of job \(id)"
        let client = size > Transfer.large ? bulkClient : client
        let reply =
            try await client.perform(
                [RedisCommand("GET", keys.result(id))], timeout: Transfer.timeout(size), what
            ).first ?? .null
        if reply.isNull { return nil }
        guard let bytes = reply.bytes else { throw QueueError.unexpected(reply, what) }
        do {
            return try OutcomeWire.decode(bytes)
        } catch {
            throw QueueError(.malformed, "the stored outcome of job \(id) cannot be read: \(error)")
        }
    }

    package func state(of id: JobID, waitingUpTo limit: Duration) async throws(QueueError) -> JobState {
        guard limit > .zero else { return try await state(of: id) }
        let deadline = connections.timing.now() + limit
        guard let waiter = notices.register(id) else { return try await state(of: id) }
        defer { notices.remove(waiter) }
        while true {
            let state = try await state(of: id)
            switch state {
            case .settled, .unknown, .gone: return state
            case .waiting, .running, .retrying: break
            }
            guard connections.timing.now() < deadline, !Task.isCancelled else { return state }
            await waiter.wait(until: deadline)
        }
    }

    package func cancel(_ id: JobID, reason: String) async throws(QueueError) -> JobState {
        let lane = keys.lane(id.queue, id.priority)
        let what = "cancelling job \(id)"
        let look =
            try await client.perform(
                [RedisCommand("XRANGE", lane, id.entry.description, id.entry.description)], what
            ).first ?? .null
        guard let entries = look.array else { throw QueueError.unexpected(look, what) }
        guard let entry = entries.first.flatMap({ LaneEntry($0) }) else { return try await state(of: id) }
        let ending = EarlyEnding(id: id, entry: entry, .cancelled(reason: reason), now: clock.now())
        let reply = try await client.perform([try ending.call(keys, options, of: .any)], what).first ?? .null
        switch reply.array?.first?.string {
        case "cancelled": return .settled(ending.outcome)
        case "settled", "absent": return try await state(of: id)
        default: throw QueueError.unexpected(reply, what)
        }
    }

    private func stateCall(_ id: JobID) -> ScriptCall {
        RedisScript.state.call(keys: [keys.result(id), keys.lane(id.queue, id.priority)])
            .with(id.entry.description, Keys.group, Keys.returned)
    }

    private enum Look {
        case found(JobState)
        /// - Parameter size: bytes of the outcome.
        case settled(size: Int)
    }

    private func read(_ reply: RedisValue, of id: JobID) throws(QueueError) -> Look {
        guard let parts = reply.array, let word = parts.first?.string else {
            throw QueueError.unexpected(reply, "looking for job \(id)")
        }
        switch word {
        case "waiting": return .found(.waiting)
        case "running": return .found(.running)
        case "retrying": return .found(.retrying)
        case "unseen": return .found(.unknown)
        case "absent":
            let age = clock.now().milliseconds - Int64(clamping: id.entry.milliseconds)
            return .found(age > options.retention.wholeMilliseconds ? .gone : .unknown)
        case "settled": return .settled(size: parts.count > 1 ? parts[1].integer ?? 0 : 0)
        default: throw QueueError.unexpected(reply, "looking for job \(id)")
        }
    }
}
