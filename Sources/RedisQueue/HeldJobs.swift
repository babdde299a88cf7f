import Jobs
import Synchronization

/// What a worker holds, and the queues that it has to do with.
final class HeldJobs: Sendable {
    private struct State {
        var jobs: Set<JobID> = []
        /// Of large jobs that were delivered here and not settled here, whoever has them now.
        var bodies: [JobID: JobBody] = [:]
        var queues: Set<QueueName> = []
        var suspects: Set<QueueName> = []
        var promotions: [QueueName: ContinuousClock.Instant] = [:]
        var isRegistered = false
        var renewals = 0
        var isReconciling = false
    }

    private let state = Mutex(State())

    /// Jobs that `take` has returned and that were not settled or given back.
    var jobs: Set<JobID> { state.withLock { $0.jobs } }

    /// Every queue that was ever taken from.
    var queues: [QueueName] { state.withLock { Array($0.queues) } }

    func insert(_ ids: some Sequence<JobID>) { state.withLock { $0.jobs.formUnion(ids) } }

    /// They were settled or went back.
    func remove(_ ids: some Sequence<JobID>) {
        state.withLock { state in
            state.jobs.subtract(ids)
            guard !state.bodies.isEmpty else { return }
            for id in ids { state.bodies[id] = nil }
        }
    }

    // MARK: Bodies of large jobs

    func note(_ body: JobBody, of id: JobID) { state.withLock { $0.bodies[id] = body } }

    func body(of id: JobID) -> JobBody? { state.withLock { $0.bodies.isEmpty ? nil : $0.bodies[id] } }

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

    func forgetLease() { state.withLock { $0.isRegistered = false } }

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
    func promotionDelay(of queue: QueueName, after delay: Duration, now: ContinuousClock.Instant) -> Duration? {
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
