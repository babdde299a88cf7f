package import Jobs
import NIOCore
import RedisClient
import Time
import Wire

extension RedisSubmissionQueue {
    package func state(of id: JobID) async throws(QueueError) -> JobState {
        let reply = try await client.perform([stateCall(id)], "looking for job \(id)").first ?? .null
        return try read(reply, of: id)
    }

    package func state(of id: JobID, waitingUpTo limit: Duration) async throws(QueueError) -> JobState {
        guard limit > .zero else { return try await state(of: id) }
        let deadline = ContinuousClock.now + limit
        guard let waiter = notices.register(id) else { return try await state(of: id) }
        defer { notices.remove(waiter) }
        while true {
            let state = try await state(of: id)
            switch state {
            case .settled, .unknown, .gone: return state
            case .waiting, .running, .retrying: break
            }
            guard ContinuousClock.now < deadline, !Task.isCancelled else { return state }
            await waiter.wait(until: deadline)
        }
    }

    package func cancel(_ id: JobID, reason: String) async throws(QueueError) -> JobState {
        let lane = Keys.lane(id.queue, id.priority)
        let what = "cancelling job \(id)"
        let look =
            try await client.perform(
                [RedisCommand("XRANGE", lane, id.entry.description, id.entry.description)], what
            ).first ?? .null
        guard let entries = look.array else { throw QueueError.unexpected(look, what) }
        guard let entry = entries.first.flatMap({ LaneEntry($0) }) else { return try await state(of: id) }
        let outcome = cancelledOutcome(of: id, entry: entry, reason: reason)
        let retention = entry.job(in: id.queue, id.priority)?.retention ?? options.retention
        let reply = try await client.perform([cancelCall(id, outcome, retention: retention)], what).first ?? .null
        switch reply.array?.first?.string {
        case "cancelled": return .settled(outcome)
        case "settled": return try read(reply, of: id)
        case "absent": return try await state(of: id)
        default: throw QueueError.unexpected(reply, what)
        }
    }

    private func cancelledOutcome(of id: JobID, entry: LaneEntry, reason: String) -> Outcome {
        let job = entry.job(in: id.queue, id.priority)
        let now = clock.now()
        // An entry that cannot be read is cancelled like any other; nobody can be told.
        let submitted = job?.submitted ?? Timestamp(microseconds: Int64(clamping: id.entry.milliseconds) &* 1_000)
        return Outcome(
            id: id, replyTo: job?.replyTo, echo: job?.echo ?? ByteBuffer(), ending: .cancelled(reason: reason),
            run: RunRecord(submitted: submitted, settled: now, queueWait: max(.zero, now - submitted)))
    }

    private func cancelCall(_ id: JobID, _ outcome: Outcome, retention: Duration) -> ScriptCall {
        var bytes = ByteBuffer()
        OutcomeWire.encode(outcome, into: &bytes)
        let queue = id.queue
        return RedisScript.cancel
            .call(keys: [
                Keys.result(id), Keys.lane(queue, id.priority), Keys.again(queue), Keys.due(queue),
                Keys.reply(outcome.replyTo?.gateway ?? ""),
            ])
            .with(id.priority.name, id.entry.description)
            .with(bytes)
            .with(
                String(QueueOptions.milliseconds(retention)), Keys.group, Keys.returned, Keys.cancelledPrefix(queue),
                // Long enough for every renewal that can still be due.
                String(QueueOptions.milliseconds(options.leaseDuration * 4)),
                Keys.cancelledChannel(queue), Keys.settledChannel(queue),
                outcome.replyTo == nil ? "" : String(QueueOptions.milliseconds(options.replyLife)))
    }

    private func stateCall(_ id: JobID) -> ScriptCall {
        RedisScript.state.call(keys: [Keys.result(id), Keys.lane(id.queue, id.priority)])
            .with(id.entry.description, Keys.group, Keys.returned)
    }

    private func read(_ reply: RedisValue, of id: JobID) throws(QueueError) -> JobState {
        guard let parts = reply.array, let word = parts.first?.string else {
            throw QueueError.unexpected(reply, "looking for job \(id)")
        }
        switch word {
        case "waiting": return .waiting
        case "running": return .running
        case "retrying": return .retrying
        case "unseen": return .unknown
        case "absent":
            let age = clock.now().milliseconds - Int64(clamping: id.entry.milliseconds)
            return age > options.retention.wholeMilliseconds ? .gone : .unknown
        case "settled":
            guard parts.count == 2, let bytes = parts[1].bytes else {
                throw QueueError.unexpected(reply, "looking for job \(id)")
            }
            do {
                return .settled(try OutcomeWire.decode(bytes))
            } catch {
                throw QueueError(.malformed, "the stored outcome of job \(id) cannot be read: \(error)")
            }
        default: throw QueueError.unexpected(reply, "looking for job \(id)")
        }
    }
}
