import Jobs
import Synchronization
import Time

/// What a worker holds, and the queues that it has to do with.
final class HeldJobs: Sendable {
    fileprivate struct State {
        var jobs: Set<JobID> = []
        /// Delivered to a take that is not through: the bodies of large jobs may be on their way for long.
        var arriving: Set<JobID> = []
        /// Of large jobs that were delivered here and not settled here, whoever has them now.
        var bodies: [JobID: JobBody] = [:]
        var queues: Set<QueueName> = []
        var suspects: Set<QueueName> = []
        var promotions: [QueueName: Timestamp] = [:]
        var isRegistered = false
        /// Until when the lease holds at least, by what Redis has confirmed.
        var leased: Timestamp?
        /// How long a lease lasts.
        var lease: Duration = .zero
        /// Those of `jobs` that have a deadline.
        var deadlines: Set<JobID> = []
        /// Somebody else may have them too, or have settled them.
        var contested: Set<JobID> = []
        /// How often the lease may have been over.
        var lapses = 0
        var renewals = 0
        var isReconciling = false
    }

    /// Beyond it those that are not held are forgotten. A mark outlives its settle: the same worker may run a job twice.
    fileprivate static let mostContested = 8_192

    private let state = Mutex(State())

    /// Jobs that `take` has returned and that were not settled or given back.
    var jobs: Set<JobID> { state.withLock { $0.jobs } }

    /// `jobs`, and those that are on their way to a take: whatever is not lost.
    var known: Set<JobID> { state.withLock { $0.arriving.isEmpty ? $0.jobs : $0.jobs.union($0.arriving) } }

    func arrive(_ ids: some Sequence<JobID>) { state.withLock { $0.arriving.formUnion(ids) } }

    /// Their take is over, whatever became of it.
    func arrived(_ ids: some Sequence<JobID>) { state.withLock { $0.arriving.subtract(ids) } }

    /// Every queue that was ever taken from.
    var queues: [QueueName] { state.withLock { Array($0.queues) } }

    func insert(_ jobs: [TakenJob]) {
        state.withLock { state in
            for job in jobs {
                state.jobs.insert(job.id)
                if job.job.deadline != nil { state.deadlines.insert(job.id) }
            }
        }
    }

    /// What a worker knows of a job that it is to settle. By default nothing: then all of it has to be reckoned with.
    struct Hold {
        /// Of a large job.
        var body: JobBody?
        /// Somebody else may have settled it, or have it for a retry.
        var isContested = true
        /// It may stand in the index of deadlines.
        var hasDeadline = true
    }

    func hold(of id: JobID, now: Timestamp) -> Hold {
        state.withLock { state in
            // What is sent now may reach Redis a little later.
            let isLeased = state.leased.map { now + state.lease * 0.4 < $0 } ?? false
            return Hold(
                body: state.bodies.isEmpty ? nil : state.bodies[id],
                isContested: !isLeased || state.contested.contains(id),
                hasDeadline: state.deadlines.contains(id) || !state.jobs.contains(id))
        }
    }

    /// They were settled or went back.
    func remove(_ ids: some Sequence<JobID>) {
        state.withLock { state in
            for id in ids { state.jobs.remove(id) }
            if !state.deadlines.isEmpty { state.deadlines.subtract(ids) }
            guard !state.bodies.isEmpty else { return }
            for id in ids { state.bodies[id] = nil }
        }
    }

    // MARK: Bodies of large jobs

    func note(_ body: JobBody, of id: JobID) { state.withLock { $0.bodies[id] = body } }

    // MARK: Queues

    func note(_ queue: QueueName) { state.withLock { _ = $0.queues.insert(queue) } }

    func note(_ queues: [QueueName]) { state.withLock { $0.queues.formUnion(queues) } }

    // MARK: The lease

    /// Whether a lease was ever taken out; from the first call on the answer is `true` unless `forgetLease` is called.
    func registers() -> Bool {
        state.withLock { state in
            defer { state.isRegistered = true }
            return !state.isRegistered
        }
    }

    func forgetLease() {
        state.withLock { state in
            state.isRegistered = false
            state.leased = nil
        }
    }

    /// Redis has confirmed a lease of `duration` that was asked for at `start`. If the one before may have been over by now, its
    /// jobs may have been given to others.
    func lease(from start: Timestamp, for duration: Duration, now: Timestamp) {
        state.withLock { state in
            if state.leased.map({ now >= $0 }) ?? true {
                state.lapses += 1
                state.contest(state.jobs)
                state.contest(state.arriving)
            }
            state.leased = max(state.leased ?? start, start + duration)
            state.lease = duration
        }
    }

    /// They were given to somebody before, were cancelled, or a settle of theirs may have been lost on its way.
    func contest(_ ids: some Sequence<JobID>) { state.withLock { $0.contest(ids) } }

    /// To be asked before a take, and told after it: what came while the lease may have ended is contested.
    var lapses: Int { state.withLock { $0.lapses } }

    /// Counts renewals.
    func renewed() -> Int {
        state.withLock { state in
            state.isRegistered = true
            state.renewals += 1
            return state.renewals
        }
    }

    // MARK: Deliveries whose reply was lost

    /// Whether to look for them now; from a `true` on the answer is `false` until `endReconciling`.
    func beginReconciling() -> Bool {
        state.withLock { state in
            defer { state.isReconciling = true }
            return !state.isReconciling
        }
    }

    func endReconciling() { state.withLock { $0.isReconciling = false } }

    func suspect(_ queues: [QueueName]) { state.withLock { $0.suspects.formUnion(queues) } }

    /// Those of `queues` whose last take failed; asking clears them.
    func takeSuspects(among queues: [QueueName]) -> [QueueName] {
        state.withLock { state in
            guard !state.suspects.isEmpty else { return [] }
            let found = queues.filter { state.suspects.contains($0) }
            state.suspects.subtract(found)
            return found
        }
    }

    // MARK: Timers of retries

    /// How long a new timer is to wait, or `nil` when one that ends no later is under way. At most a handful of
    /// timers per queue: each is earlier than the one before.
    func promotionDelay(of queue: QueueName, after delay: Duration, now: Timestamp) -> Duration? {
        // Redis compares whole milliseconds.
        let end = now + delay + .milliseconds(2)
        return state.withLock { state in
            if let earlier = state.promotions[queue], earlier <= end { return nil }
            state.promotions[queue] = end
            return end - now
        }
    }

    func promotionRuns(_ queue: QueueName) { state.withLock { $0.promotions[queue] = nil } }
}

extension HeldJobs.State {
    fileprivate mutating func contest(_ ids: some Sequence<JobID>) {
        contested.formUnion(ids)
        guard contested.count > HeldJobs.mostContested else { return }
        contested.formIntersection(jobs.union(arriving))
    }
}
