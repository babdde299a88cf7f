package import Jobs
import Logging
import NIOCore
import Observability
import RedisClient
import Synchronization
import Time

extension RedisWorkQueue {
    /// Redis reads these at once; the same queues must not be in two takes of one worker at the same time.
    package func take(
        upTo limit: Int, from queues: [QueueName], waiting patience: Duration
    ) async throws(QueueError) -> [TakenJob] {
        guard limit > 0, !queues.isEmpty else { return [] }
        held.note(queues)
        try await register()
        try connections.standing.check()
        try await recover(held.takeSuspects(among: queues))
        let taker = checkOutTaker()
        defer { checkIn(taker) }
        let streams = TakeStreams(queues, keys)
        let deadline = connections.timing.now() + patience
        while true {
            let remaining = deadline - connections.timing.now()
            let count = budget.withLock { $0.count(upTo: limit, streams: streams.keys.count) }
            let lapses = held.lapses
            do {
                let deliveries = try await read(streams, count, waiting: remaining, on: taker)
                budget.withLock { $0.note(largest: deliveries.largest) }
                turns.withLock { $0.note(deliveries.classes) }
                let jobs = try await admit(deliveries, on: taker)
                if held.lapses != lapses { held.contest(jobs.lazy.map(\.id)) }
                if !jobs.isEmpty { return jobs }
            } catch {
                if error.code == .tooLarge { budget.withLock { $0.refused(count: count) } }
                // The reply may be lost while its jobs are delivered: the next take looks for them.
                held.suspect(queues)
                throw error
            }
            guard connections.timing.now() < deadline else { return [] }
        }
    }

    private func read(
        _ streams: TakeStreams, _ limit: Int, waiting patience: Duration, on taker: RedisClient
    ) async throws(QueueError) -> Deliveries {
        if budget.withLock({ $0.readsOneByOne }) {
            for key in streams.keys {
                let reply = try await read([key], 1, waiting: .zero, on: taker)
                if !reply.isNull { return try streams.deliveries(in: reply) }
            }
        } else if turns.withLock({ $0.readsByClass }) {
            let deliveries = try await readByClass(streams, limit, on: taker)
            if !deliveries.isEmpty { return deliveries }
        }
        return try streams.deliveries(in: try await read(streams.keys, limit, waiting: patience, on: taker))
    }

    /// What is there now: first what was given back, then the lanes by class, each with the room that is left.
    private func readByClass(
        _ streams: TakeStreams, _ limit: Int, on taker: RedisClient
    ) async throws(QueueError) -> Deliveries {
        var found = try streams.deliveries(in: try await read(streams.pointers, limit, waiting: .zero, on: taker))
        for (priority, count) in turns.withLock({ $0.next(limit: limit) }) {
            let room = min(limit - found.entries.count, count)
            guard room > 0, let keys = streams.lanes[priority] else { continue }
            do throws(QueueError) {
                found.add(try streams.deliveries(in: try await read(keys, room, waiting: .zero, on: taker)))
            } catch {
                // What came before is in this worker's hands and must not wait for the next look at lost deliveries.
                guard !found.isEmpty, error.code != .tooLarge else { throw error }
                return found
            }
        }
        return found
    }

    private func read(
        _ keys: [String], _ limit: Int, waiting patience: Duration, on taker: RedisClient
    ) async throws(QueueError) -> RedisValue {
        var command = RedisCommand("XREADGROUP", "GROUP", Keys.group, worker, "COUNT", String(limit))
        if patience > .milliseconds(1) {
            command.append(contentsOf: ["BLOCK", String(min(patience.wholeMilliseconds, 60_000))])
        }
        command.append("STREAMS")
        command.append(contentsOf: keys)
        command.append(contentsOf: repeatElement(">", count: keys.count))
        let what = "taking jobs"
        let timeout = max(.zero, min(patience, .seconds(60))) + .seconds(3)
        let reply = try await taker.perform([command], timeout: timeout, what).first ?? .null
        guard let message = reply.errorMessage else { return reply }
        // A stream or its group does not exist, or went away while the call waited for it.
        guard message.hasPrefix("NOGROUP") || message.hasPrefix("UNBLOCKED") else {
            throw QueueError(reply: message, what)
        }
        _ = try await taker.perform(
            [RedisScript.makeGroups.call(keys: keys).with(Keys.group)], "making the queue's groups")
        let again = try await taker.perform([command], timeout: timeout, what).first ?? .null
        if let message = again.errorMessage { throw QueueError(reply: message, what) }
        return again
    }

    // MARK: From entries to jobs

    private func admit(_ deliveries: Deliveries, on taker: RedisClient) async throws(QueueError) -> [TakenJob] {
        var found: [FoundEntry] = []
        var arriving = deliveries.entries.map(\.id)
        held.arrive(arriving)
        defer { held.arrived(arriving) }
        for (queue, pointers) in deliveries.pointers {
            var pointers = pointers
            while !pointers.isEmpty {
                let claimed = try await claim(pointers, of: queue, on: taker)
                found += claimed
                held.arrive(claimed.lazy.map(\.id))
                held.contest(claimed.lazy.map(\.id))
                arriving += claimed.map(\.id)
                // Pointers whose job was settled meanwhile made no room for others.
                pointers = try await morePointers(pointers.count - claimed.count, of: queue, on: taker)
            }
        }
        found += deliveries.entries
        var jobs: [TakenJob] = []
        var refused: [Refusal] = []
        for item in try await withBodies(found, on: taker) { sort(item, into: &jobs, &refused) }
        held.insert(jobs)
        if !refused.isEmpty { await refuse(refused) }
        // Within a class what was given back comes first: it is older.
        return jobs.enumerated().sorted {
            ($0.element.job.priority, $0.offset) < ($1.element.job.priority, $1.offset)
        }.map(\.element)
    }

    /// Reads the bodies of large jobs, as many as one take may hold; the others go back at once.
    private func withBodies(_ found: [FoundEntry], on taker: RedisClient) async throws(QueueError) -> [FoundEntry] {
        guard found.contains(where: { $0.entry.body != nil }) else { return found }
        var (kept, surplus): ([FoundEntry], [JobID]) = ([], [])
        var bytes = 0
        for item in found {
            if bytes > 0, bytes + item.entry.size > TakeBudget.bytes {
                surplus.append(item.id)
                continue
            }
            bytes += item.entry.size
            guard let body = item.entry.body else {
                kept.append(item)
                continue
            }
            held.note(body, of: item.id)
            let what = "reading the inputs of job \(item.id)"
            let reply =
                try await taker.perform(
                    [RedisCommand("GET", keys.body(item.queue, body.token))], timeout: Transfer.timeout(body.size), what
                ).first ?? .null
            if let message = reply.errorMessage { throw QueueError(reply: message, what) }
            // Cancelled, or settled by a worker that was taken for dead, since it was delivered: then the entry went with it.
            if reply.bytes == nil, try await isGone(item, on: taker) {
                held.remove(CollectionOfOne(item.id))
                continue
            }
            kept.append(item.with(item.entry.with(body: reply.bytes)))
        }
        try await handBack(ids: surplus)
        return kept
    }

    private func isGone(_ item: FoundEntry, on taker: RedisClient) async throws(QueueError) -> Bool {
        let what = "looking for job \(item.id)"
        let (lane, entry) = (keys.lane(item.queue, item.priority), item.entry.entry.description)
        let reply = try await taker.perform([RedisCommand("XRANGE", lane, entry, entry)], what).first ?? .null
        if let message = reply.errorMessage { throw QueueError(reply: message, what) }
        return reply.array?.isEmpty ?? true
    }

    private func sort(_ found: FoundEntry, into jobs: inout [TakenJob], _ refused: inout [Refusal]) {
        let (id, entry, count) = (found.id, found.entry, found.count)
        do throws(QueueError) {
            let job = try entry.decode(in: found.queue, found.priority)
            let taken = TakenJob(id: id, job: job, attempt: count.attempt, crashes: count.crashes)
            if taken.deathsAlone >= options.maximumCrashes(of: found.queue) {
                refused.append(.poison(taken, entry.payload))
            } else {
                jobs.append(taken)
            }
        } catch {
            let job = entry.job(in: found.queue, found.priority)
            refused.append(.malformed(id, entry.payload, job: job, reason: error.message))
        }
    }

    private func claim(
        _ pointers: [Deliveries.Pointer], of queue: QueueName, on taker: RedisClient
    ) async throws(QueueError) -> [FoundEntry] {
        let classes = PriorityClass.allCases
        var arguments = [worker, Keys.group, Keys.returned]
        for (pointer, id) in pointers {
            // A pointer that cannot be read names no entry, so the script only removes it.
            let index = id.flatMap { classes.firstIndex(of: $0.priority) } ?? 0
            arguments += [pointer, String(index + 2), id?.entry.description ?? "0-0"]
        }
        let streams = [keys.again(queue)] + classes.map { keys.lane(queue, $0) }
        let reply =
            try await taker.perform(
                [RedisScript.claim.call(keys: streams).with(arguments)], "taking given-back jobs of \(queue)"
            ).first ?? .null
        return (reply.array ?? []).compactMap { item in
            guard let parts = item.array, parts.count == 4, let index = parts[0].integer,
                classes.indices.contains(index - 2), let entry = parts[1].entryID,
                let count = parts[2].integer
            else { return nil }
            return FoundEntry(
                entry: LaneEntry(entry: entry, fields: parts[3]), queue: queue, priority: classes[index - 2],
                count: DeliveryCount(raw: count))
        }
    }

    private func morePointers(
        _ count: Int, of queue: QueueName, on taker: RedisClient
    ) async throws(QueueError) -> [Deliveries.Pointer] {
        guard count > 0 else { return [] }
        let command = RedisCommand(
            "XREADGROUP", "GROUP", Keys.group, worker, "COUNT", String(count), "STREAMS", keys.again(queue), ">")
        let reply = try await taker.perform([command], "taking given-back jobs of \(queue)").first ?? .null
        return try TakeStreams([queue], keys).deliveries(in: reply).pointers.flatMap(\.pointers)
    }

    /// Settles what can never run and keeps it as a dead letter. A failure leaves it pending here, unheld, and
    /// the next reconciliation gives it back.
    private func refuse(_ refusals: [Refusal]) async {
        do throws(QueueError) {
            var transactions: [SettleTransaction] = []
            for refusal in refusals {
                let body = held.hold(of: refusal.id, now: connections.timing.now()).body
                transactions.append(
                    try refusal.transaction(worker: worker, now: clock.now(), keys, options: options, body: body))
            }
            try await settle(transactions)
            held.remove(refusals.lazy.map(\.id))
        } catch {
            held.suspect(refusals.map(\.id.queue))
            logger.warning("cannot settle jobs that must not run", metadata: [LogKeys.reason: "\(error)"])
        }
        for refusal in refusals {
            logger.error(
                "a job was settled without running",
                metadata: [LogKeys.jobID: "\(refusal.id)", LogKeys.reason: "\(refusal.reason)"])
        }
    }
}
