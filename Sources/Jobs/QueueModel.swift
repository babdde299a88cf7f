import NIOCore
import Tensors
package import Time

/// The queue's specification: what each transition does, as a value.
///
/// Every job is in exactly one place: waiting in its lane, in the hands of one worker, given back (takable at once
/// or due later), or settled. The Redis queue is checked against this value by the same random commands, and
/// simulations run on it. No I/O, no clock; time comes in.
///
/// Cost: O(1) per job, O(jobs given back with a delay) per promotion, O(n log n) per reaping of n held jobs.
package struct QueueModel: Sendable {
    package struct Limits: Sendable {
        package var leaseDuration: Duration = .seconds(5)
        /// Workers that died while they ran a job and nothing else, before it is settled as poison.
        package var maximumCrashes = 3
        /// An absent job older than this is `gone`, not `unknown`.
        package var retention: Duration = .seconds(3_600)

        package init() {}
    }

    /// Where a job is that is not settled.
    enum Place: Sendable, Equatable {
        /// Never delivered. Can go to: held.
        case waiting
        /// In a worker's hands. Can go to: takable, due.
        case held(worker: String)
        /// Given back. Can go to: held.
        case takable
        /// Given back, to be delivered later. Can go to: takable.
        case due
    }

    struct Record: Sendable {
        var job: Job
        var place: Place
        var attempt = 1
        var crashes = 0
        /// Its worker runs it by itself.
        var isOnTrial = false
    }

    struct Stored: Sendable {
        var outcome: Outcome
        var expires: Timestamp
    }

    struct Once: Sendable {
        var id: JobID
        var fingerprint: String
        var expires: Timestamp
    }

    struct Queue: Sendable {
        var lanes: [PriorityClass: Line] = [:]
        var takable = Line()
        var due: [JobID: Timestamp] = [:]
        var once: [String: Once] = [:]
        var submitted = 0
    }

    package let limits: Limits
    /// Of each worker that ever took.
    private var turns: [String: ClassTurns] = [:]
    var queues: [QueueName: Queue] = [:]
    var records: [JobID: Record] = [:]
    var results: [JobID: Stored] = [:]
    /// By worker, like `cancelled`.
    var held: [String: Set<JobID>] = [:]
    var cancelled: [String: Set<JobID>] = [:]
    var leases: [String: (report: WorkerReport?, ends: Timestamp)] = [:]
    private var deliverable: [Outcome] = []

    package init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: Submitting

    package mutating func submit(_ job: Job, once: IdempotencyKey? = nil, now: Timestamp) -> Submission {
        if let once, let submission = find(once, in: job.queue, now: now) { return submission }
        var queue = queues[job.queue] ?? Queue()
        var lane = queue.lanes[job.priority] ?? Line()
        let id = JobID(queue: job.queue, priority: job.priority, entry: lane.nextEntry(now: now))
        lane.append(id)
        queue.lanes[job.priority] = lane
        queue.submitted += 1
        if let once {
            queue.once[once.key] = Once(id: id, fingerprint: once.fingerprint, expires: now + once.retention)
        }
        queues[job.queue] = queue
        records[id] = Record(job: job, place: .waiting)
        return .accepted(id, depth: lane.entries)
    }

    /// The job of the key, or that there is no room for one; `nil` when a new one is to be submitted.
    private mutating func find(_ once: IdempotencyKey, in name: QueueName, now: Timestamp) -> Submission? {
        if let known = queues[name]?.once[once.key], known.expires > now {
            let ending = stored(known.id, now: now)?.outcome.ending
            if records[known.id] != nil || ending != nil,
                let submission = repeated(known, ending, once)
            {
                queues[name]?.once[once.key]?.expires = now + once.retention
                return submission
            }
        }
        let held = queues[name]?.lanes.values.reduce(0) { $0 + $1.entries } ?? 0
        guard let limit = once.maximumQueue, held >= limit else { return nil }
        return .full(held: held)
    }

    /// - Parameter ending: `nil` while the job is under way.
    private func repeated(_ known: Once, _ ending: Outcome.Ending?, _ once: IdempotencyKey) -> Submission? {
        guard known.fingerprint == once.fingerprint else { return .conflict(known.id) }
        switch (once.repetition, ending) {
        case (.join, _), (.rerun, .finished): return .existing(known.id)
        case (.rerun, nil): return .underWay(known.id)
        case (.rerun, .failed), (.rerun, .expired), (.rerun, .cancelled): return nil
        }
    }

    // MARK: Taking

    /// Takes up to `limit` jobs from each lane and up to `limit` given-back jobs of each queue, higher classes first; where
    /// several classes came of late, up to `limit` in the order of `ClassTurns` instead of as many of each. A job that crashed too many workers is settled as poison instead.
    package mutating func take(
        upTo limit: Int, from names: [QueueName], worker: String, now: Timestamp
    ) -> [TakenJob] {
        if leases[worker] == nil { leases[worker] = (nil, now + limits.leaseDuration) }
        var ids: [JobID] = []
        for name in names { ids += queues[name]?.takable.takeFirst(limit) ?? [] }
        ids += takeLanes(upTo: limit, from: names, worker: worker)
        var jobs: [TakenJob] = []
        for id in ids {
            guard var record = records[id] else { continue }
            record.place = .held(worker: worker)
            records[id] = record
            held[worker, default: []].insert(id)
            let taken = TakenJob(id: id, job: record.job, attempt: record.attempt, crashes: record.crashes)
            if taken.deathsAlone >= limits.maximumCrashes {
                settlePoison(taken, worker: worker, now: now)
            } else {
                jobs.append(taken)
            }
        }
        return jobs.enumerated().sorted {
            ($0.element.job.priority, $0.offset) < ($1.element.job.priority, $1.offset)
        }.map(\.element)
    }

    private mutating func takeLanes(upTo limit: Int, from names: [QueueName], worker: String) -> [JobID] {
        var turn = turns[worker] ?? ClassTurns()
        var ids: [JobID] = []
        if turn.readsByClass {
            for (priority, count) in turn.next(limit: limit) {
                let room = min(limit - ids.count, count)
                guard room > 0 else { continue }
                for name in names { ids += queues[name]?.lanes[priority]?.takeFirst(room) ?? [] }
            }
        } else {
            for priority in PriorityClass.allCases {
                for name in names { ids += queues[name]?.lanes[priority]?.takeFirst(limit) ?? [] }
            }
        }
        turn.note(Set(ids.lazy.map(\.priority)))
        turns[worker] = turn
        return ids
    }

    private mutating func settlePoison(_ taken: TakenJob, worker: String, now: Timestamp) {
        let outcome = Outcome(
            id: taken.id, replyTo: taken.job.replyTo, echo: taken.job.echo,
            ending: .failed(JobFailure(code: .poison, message: taken.poisonReason, attempts: taken.attempt)),
            run: RunRecord(
                submitted: taken.job.submitted, settled: now, queueWait: max(.zero, now - taken.job.submitted),
                worker: worker, attempt: taken.attempt))
        settle([Settlement(outcome: outcome, retention: taken.job.retention)], now: now)
    }

    /// - Returns: whether `worker` holds the job.
    package mutating func beginTrial(of id: JobID, worker: String) -> Bool {
        guard records[id]?.place == .held(worker: worker) else { return false }
        records[id]?.isOnTrial = true
        return true
    }

    /// Does nothing unless `worker` holds the job.
    package mutating func endTrial(of id: JobID, worker: String) {
        guard records[id]?.place == .held(worker: worker) else { return }
        records[id]?.isOnTrial = false
    }

    // MARK: Settling and giving back

    /// Stores each outcome unless one is stored already, and removes the job, whoever holds it.
    package mutating func settle(_ settlements: [Settlement], now: Timestamp) {
        for settlement in settlements {
            let id = settlement.outcome.id
            if stored(id, now: now) == nil {
                results[id] = Stored(outcome: settlement.outcome, expires: now + settlement.retention)
                deliverable.append(settlement.outcome)
            }
            remove(id)
        }
    }

    /// The outcomes stored since the last call, in order: what is to be sent to waiting gateways.
    package mutating func takeDeliverable() -> [Outcome] {
        defer { deliverable = [] }
        return deliverable
    }

    /// Does nothing unless `worker` holds the job.
    package mutating func retry(_ id: JobID, worker: String, after delay: Duration, now: Timestamp) {
        giveBack(id, heldBy: worker, at: delay.wholeMilliseconds > 0 ? now + delay : nil) { $0.attempt += 1 }
    }

    /// Gives back those of `ids` that `worker` holds, unpenalised.
    package mutating func handBack(_ ids: [JobID], worker: String) {
        for id in ids { giveBack(id, heldBy: worker, at: nil) { _ in } }
    }

    private mutating func giveBack(
        _ id: JobID, heldBy worker: String, at due: Timestamp?, _ change: (inout Record) -> Void
    ) {
        guard var record = records[id], record.place == .held(worker: worker) else { return }
        change(&record)
        record.isOnTrial = false
        record.place = due == nil ? .takable : .due
        records[id] = record
        held[worker]?.remove(id)
        if let due { queues[id.queue]?.due[id] = due } else { queues[id.queue]?.takable.append(id) }
    }

    /// Removes an unsettled job from wherever it is.
    private mutating func remove(_ id: JobID) {
        guard let record = records.removeValue(forKey: id) else { return }
        queues[id.queue]?.lanes[id.priority]?.entries -= 1
        switch record.place {
        case .waiting: queues[id.queue]?.lanes[id.priority]?.remove(id)
        case .takable: queues[id.queue]?.takable.remove(id)
        case .held(let worker): held[worker]?.remove(id)
        case .due: queues[id.queue]?.due[id] = nil
        }
    }

    /// Makes jobs takable that are due at `now`, earliest first.
    package mutating func promote(_ names: [QueueName], now: Timestamp) {
        for name in names {
            let due = (queues[name]?.due ?? [:]).filter { $0.value <= now }.sorted {
                ($0.value, $0.key.priority.name, $0.key.entry) < ($1.value, $1.key.priority.name, $1.key.entry)
            }
            for (id, _) in due {
                records[id]?.place = .takable
                queues[name]?.due[id] = nil
                queues[name]?.takable.append(id)
            }
        }
    }

    /// When the next job of `name` becomes takable by `promote`.
    package func nextDue(in name: QueueName) -> Timestamp? { queues[name]?.due.values.min() }

    // MARK: Cancelling

    package mutating func cancel(_ id: JobID, reason: String, now: Timestamp) -> JobState {
        guard stored(id, now: now) == nil, let record = records[id] else { return state(of: id, now: now) }
        if case .held(let worker) = record.place { cancelled[worker, default: []].insert(id) }
        let outcome = Outcome(
            id: id, replyTo: record.job.replyTo, echo: record.job.echo, ending: .cancelled(reason: reason),
            run: RunRecord(
                submitted: record.job.submitted, settled: now, queueWait: max(.zero, now - record.job.submitted)))
        settle([Settlement(outcome: outcome, retention: record.job.retention)], now: now)
        return state(of: id, now: now)
    }

    // MARK: Looking

    package func state(of id: JobID, now: Timestamp) -> JobState {
        if let stored = stored(id, now: now) { return .settled(stored.outcome) }
        if let record = records[id] {
            return switch record.place {
            case .waiting: .waiting
            case .held: .running
            case .takable, .due: .retrying
            }
        }
        guard let lane = queues[id.queue]?.lanes[id.priority], lane.hasEntries else { return .unknown }
        let age = now.milliseconds - Int64(clamping: id.entry.milliseconds)
        return age > limits.retention.wholeMilliseconds ? .gone : .unknown
    }

    func stored(_ id: JobID, now: Timestamp) -> Stored? {
        guard let stored = results[id], stored.expires > now else { return nil }
        return stored
    }

    /// Keeps a stored outcome until `retention` from now, never for a shorter time than it had.
    package mutating func keepOutcome(of id: JobID, for retention: Duration, now: Timestamp) {
        guard var stored = stored(id, now: now) else { return }
        stored.expires = max(stored.expires, now + retention)
        results[id] = stored
    }
}
