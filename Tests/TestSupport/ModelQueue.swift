package import Jobs
import Synchronization
package import Time

/// The queue in memory: `QueueModel` behind the protocols of the queue, for tests of roles.
///
/// It passes the conformance suite that the Redis queue passes. Time comes from the given source; waits end by the
/// machine's own clock.
package final class ModelQueue: SubmissionQueue, QueueObserver {
    private struct State {
        var model: QueueModel
        var outage: QueueError?
        var mailboxes: [String: [Outcome]] = [:]
        var decisions: [String] = []
        var changes: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var submissions: [UInt64: @Sendable (QueueName) -> Void] = [:]
        var cancellations: [UInt64: (queues: Set<QueueName>, deliver: @Sendable (JobID) -> Void)] = [:]
        var last: UInt64 = 0
        var secret: JobSecret?

        mutating func next() -> UInt64 {
            last += 1
            return last
        }
    }

    private let clock: any TimeSource
    private let state: Mutex<State>

    package init(limits: QueueModel.Limits = QueueModel.Limits(), clock: any TimeSource) {
        self.clock = clock
        state = Mutex(State(model: QueueModel(limits: limits)))
    }

    /// The queue as the worker of this id sees it.
    package func worker(_ id: String) -> ModelWorkQueue { ModelWorkQueue(id, self) }

    /// From now on every call fails with `error`; `nil` ends the outage.
    package func fail(with error: QueueError?) { state.withLock { $0.outage = error } }

    // MARK: SubmissionQueue

    package func submit(_ job: Job, once: IdempotencyKey?) async throws(QueueError) -> Submission {
        let submission = try change { model, now in model.submit(job, once: once, now: now) }
        if case .accepted = submission {
            for wake in state.withLock({ Array($0.submissions.values) }) { wake(job.queue) }
        }
        return submission
    }

    package func state(of id: JobID) async throws(QueueError) -> JobState {
        try change { model, now in model.state(of: id, now: now) }
    }

    package func state(of id: JobID, waitingUpTo limit: Duration) async throws(QueueError) -> JobState {
        let deadline = ContinuousClock.now + limit
        return try await poll(until: deadline) { model, now in
            let state = model.state(of: id, now: now)
            switch state {
            case .settled, .unknown, .gone: return (state, nil)
            case .waiting, .running, .retrying:
                return (ContinuousClock.now < deadline && !Task.isCancelled ? nil : state, nil)
            }
        }
    }

    package func cancel(_ id: JobID, reason: String) async throws(QueueError) -> JobState {
        let (state, wasRunning) = try change { model, now in
            let before = model.state(of: id, now: now)
            return (model.cancel(id, reason: reason, now: now), before == .running)
        }
        if wasRunning {
            let watchers = self.state.withLock { Array($0.cancellations.values) }
            for watcher in watchers where watcher.queues.contains(id.queue) { watcher.deliver(id) }
        }
        return state
    }

    package func keepOutcome(of id: JobID, for retention: Duration) async throws(QueueError) {
        try change { model, now in model.keepOutcome(of: id, for: retention, now: now) }
    }

    package func depth(of queue: QueueName) async throws(QueueError) -> QueueDepth {
        try change { model, _ in model.snapshot(of: queue).depth }
    }

    package func jobSecret(orElse known: JobSecret?) async throws(QueueError) -> JobSecret {
        try change { _, _ in }
        return state.withLock { state in
            var generator = SystemRandomNumberGenerator()
            let secret = state.secret ?? known ?? JobSecret(using: &generator)
            state.secret = secret
            return secret
        }
    }

    /// As if all keys were deleted.
    package func forgetSecret() { state.withLock { $0.secret = nil } }

    package func verify() async throws(QueueError) {
        if let outage = state.withLock({ $0.outage }) { throw outage }
    }

    package func deliverReplies(
        to gateway: String, waiting: @escaping @Sendable () -> [JobID],
        _ deliver: @escaping @Sendable (Outcome) -> Void
    ) async {
        let (number, changes) = subscribe()
        defer { unsubscribe(number) }
        // Subscribed first: what is in the mailbox already is delivered, what comes later signals.
        for outcome in takeMail(of: gateway) { deliver(outcome) }
        for await _ in changes {
            for outcome in takeMail(of: gateway) { deliver(outcome) }
        }
    }

    private func takeMail(of gateway: String) -> [Outcome] {
        state.withLock { $0.mailboxes.removeValue(forKey: gateway) ?? [] }
    }

    // MARK: QueueObserver

    package func snapshot(of queues: [QueueName]) async throws(QueueError) -> [QueueName: QueueSnapshot] {
        try change { model, _ in
            Dictionary(queues.map { ($0, model.snapshot(of: $0)) }) { first, _ in first }
        }
    }

    package func workers() async throws(QueueError) -> [WorkerReport] {
        try change { model, now in model.workers(now: now) }
    }

    package func reap(
        _ worker: String, from queues: [QueueName], ran: LastRuns
    ) async throws(QueueError) -> Reaped {
        try change { model, _ in model.reap(worker, from: queues, ran: ran) }
    }

    package func reapExpired(from queues: [QueueName]) async throws(QueueError) -> [String] {
        try change { model, now in model.reapExpired(from: queues, now: now) }
    }

    package func watchSubmissions(_ wake: @escaping @Sendable (QueueName) -> Void) async {
        let (number, changes) = subscribe()
        state.withLock { $0.submissions[number] = wake }
        for await _ in changes {}
        state.withLock { $0.submissions[number] = nil }
        unsubscribe(number)
    }

    package func record(decision json: String) async throws(QueueError) {
        try change { _, _ in }
        state.withLock { $0.decisions.append(json) }
    }

    package func decisions(newest count: Int) async throws(QueueError) -> [String] {
        try change { _, _ in }
        return state.withLock { Array($0.decisions.suffix(count).reversed()) }
    }

    // MARK: For workers

    func watchCancellations(of queues: [QueueName], _ deliver: @escaping @Sendable (JobID) -> Void) async {
        let (number, changes) = subscribe()
        state.withLock { $0.cancellations[number] = (Set(queues), deliver) }
        for await _ in changes {}
        state.withLock { $0.cancellations[number] = nil }
        unsubscribe(number)
    }

    // MARK: Transitions

    /// Applies one transition and tells everybody who waits for a change.
    @discardableResult
    func change<Result: Sendable>(
        _ transition: @Sendable (inout QueueModel, Timestamp) -> Result
    ) throws(QueueError) -> Result {
        let now = clock.now()
        let (result, waiting, outage) = state.withLock { state in
            if let outage = state.outage {
                return (Result?.none, [AsyncStream<Void>.Continuation](), outage as QueueError?)
            }
            let result = transition(&state.model, now)
            for outcome in state.model.takeDeliverable() {
                guard let address = outcome.replyTo else { continue }
                state.mailboxes[address.gateway, default: []].append(address.isForReceipts ? outcome.receipt : outcome)
            }
            return (result, Array(state.changes.values), nil)
        }
        for continuation in waiting { continuation.yield() }
        guard let result else { throw outage ?? QueueError(.unavailable, "the queue is away") }
        return result
    }

    /// Repeats `look` after each change until it returns a value.
    /// - Parameter look: returns the value, or the time by which it wants to look again.
    func poll<Result: Sendable>(
        until deadline: ContinuousClock.Instant,
        _ look: @Sendable (inout QueueModel, Timestamp) -> (Result?, again: Duration?)
    ) async throws(QueueError) -> Result {
        while true {
            // Subscribed before the look, so that no change falls between look and wait.
            let (number, changes) = subscribe()
            defer { unsubscribe(number) }
            let (result, again) = try changeQuietly(look)
            if let result { return result }
            let end = min(deadline, again.map { ContinuousClock.now + $0 } ?? deadline)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { for await _ in changes { return } }
                // Cancellation ends the sleep: the change came.
                group.addTask { try? await Task.sleep(until: end, clock: .continuous) }
                await group.next()
                group.cancelAll()
            }
            if Task.isCancelled { return try await poll(until: .now, look) }
        }
    }

    /// A transition that tells nobody unless it brings something, so that those who wait do not wake each other.
    private func changeQuietly<Result: Sendable>(
        _ look: @Sendable (inout QueueModel, Timestamp) -> (Result?, again: Duration?)
    ) throws(QueueError) -> (Result?, again: Duration?) {
        let now = clock.now()
        let (found, outage): ((Result?, again: Duration?), QueueError?) = state.withLock { state in
            if let outage = state.outage { return ((nil, nil), outage) }
            return (look(&state.model, now), nil)
        }
        if let outage { throw outage }
        if found.0 != nil { try change { _, _ in } }
        return found
    }

    private func subscribe() -> (UInt64, AsyncStream<Void>) {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state in
            let number = state.next()
            state.changes[number] = continuation
            return number
        }
        return (number, stream)
    }

    private func unsubscribe(_ number: UInt64) {
        state.withLock { $0.changes.removeValue(forKey: number) }?.finish()
    }
}
