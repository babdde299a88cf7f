import Jobs
import NIOCore
import Synchronization
import Testing
import Tensors

/// A work queue of one worker in memory that keeps what the worker did to it, and fails on command.
final class RecordingQueue: WorkQueue {
    enum Call: Hashable, Sendable { case take, settle, beginTrial, endTrial, retry, handBack, renewLease, leave }

    struct Record: Sendable {
        var waiting: [TakenJob] = []
        var settled: [Settlement] = []
        /// How many outcomes each settle carried.
        var settleSizes: [Int] = []
        var tried: [JobID] = []
        var ended: [JobID] = []
        var retried: [(id: JobID, delay: Duration, error: String)] = []
        var handedBack: [JobID] = []
        var reports: [WorkerReport] = []
        var cancelled: [JobID] = []
        var hasLeft = false
        /// Takes under way, and those that were when the worker left.
        var taking = 0
        var takingWhenLeft: Int?
        /// How many of the next calls fail.
        var failures: [Call: Int] = [:]
        var failed = 0
        /// Settling an outcome with more bytes of tensors is refused for good.
        var largestOutcome: Int?
        var takeLimits: [Int] = []
    }

    private let record = Mutex(Record())
    private let watchers = Mutex<
        [(id: Int, isMet: @Sendable (Record) -> Bool, continuation: CheckedContinuation<Void, Never>)]
    >([])
    private let takers = Mutex<[Int: CheckedContinuation<Void, Never>]>([:])
    private let counter = Atomic(0)

    var state: Record { record.withLock { $0 } }

    func add(_ jobs: [TakenJob]) {
        change { $0.waiting += jobs }
        let waiting = takers.withLock { takers in
            defer { takers = [:] }
            return Array(takers.values)
        }
        for taker in waiting { taker.resume() }
    }

    func fail(_ call: Call, times: Int) { change { $0.failures[call] = times } }
    func limitOutcomes(to bytes: Int) { change { $0.largestOutcome = bytes } }
    func cancel(_ id: JobID) { change { $0.cancelled.append(id) } }

    /// Returns when `isMet` holds for what was recorded; after two minutes the test has failed.
    func wait(until isMet: @escaping @Sendable (Record) -> Bool) async {
        let id = counter.add(1, ordering: .relaxed).newValue
        let patience = Task {
            try await Task.sleep(for: .seconds(120))
            let watcher = watchers.withLock { watchers in
                watchers.firstIndex { $0.id == id }.map { watchers.remove(at: $0) }
            }
            guard let watcher else { return }
            Issue.record("what the test waits for did not come within two minutes")
            watcher.continuation.resume()
        }
        defer { patience.cancel() }
        await withCheckedContinuation { continuation in
            watchers.withLock { $0.append((id, isMet, continuation)) }
            notify()
        }
    }

    // MARK: WorkQueue

    func take(upTo limit: Int, from queues: [QueueName], waiting patience: Duration) async throws(QueueError)
        -> [TakenJob]
    {
        try attempt(.take)
        change { $0.taking += 1 }
        defer { change { $0.taking -= 1 } }
        if let jobs = takeNow(limit, queues) { return jobs }
        await waitForJobs(patience)
        return takeNow(limit, queues) ?? []
    }

    func settle(_ settlements: [Settlement]) async throws(QueueError) {
        try attempt(.settle)
        if let limit = state.largestOutcome {
            for case .finished(let tensors) in settlements.map(\.outcome.ending)
            where tensors.contains(where: { $0.bytes.readableBytes > limit }) {
                throw QueueError(.tooLarge, "at most \(limit) bytes fit")
            }
        }
        change {
            $0.settled += settlements
            $0.settleSizes.append(settlements.count)
        }
    }

    func beginTrial(of id: JobID) async throws(QueueError) -> Bool {
        try attempt(.beginTrial)
        change { $0.tried.append(id) }
        return true
    }

    func endTrial(of id: JobID) async throws(QueueError) {
        try attempt(.endTrial)
        change { $0.ended.append(id) }
    }

    func retry(_ job: TakenJob, after delay: Duration, error: String) async throws(QueueError) {
        try attempt(.retry)
        change { $0.retried.append((job.id, delay, error)) }
    }

    func handBack(_ jobs: [TakenJob]) async throws(QueueError) {
        try attempt(.handBack)
        change { $0.handedBack += jobs.map(\.id) }
    }

    func renewLease(_ report: WorkerReport) async throws(QueueError) -> [JobID] {
        try attempt(.renewLease)
        return change { record in
            record.reports.append(report)
            defer { record.cancelled = [] }
            return record.cancelled
        }
    }

    func watchCancellations(of queues: [QueueName], _ deliver: @escaping @Sendable (JobID) -> Void) async {
        // Cancellation ends the wait; nothing else does.
        try? await Task.sleep(for: .seconds(600))
    }

    func leave() async throws(QueueError) {
        try attempt(.leave)
        change { record in
            record.hasLeft = true
            record.takingWhenLeft = record.taking
        }
    }

    // MARK: Private

    private func takeNow(_ limit: Int, _ queues: [QueueName]) -> [TakenJob]? {
        change { record in
            let jobs = Array(record.waiting.lazy.filter { queues.contains($0.id.queue) }.prefix(limit))
            guard !jobs.isEmpty else { return nil }
            let taken = Set(jobs.map(\.id))
            record.waiting.removeAll { taken.contains($0.id) }
            record.takeLimits.append(limit)
            return jobs
        }
    }

    private func waitForJobs(_ patience: Duration) async {
        let id = counter.add(1, ordering: .relaxed).newValue
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withTaskCancellationHandler {
                    await withCheckedContinuation { continuation in
                        self.takers.withLock { $0[id] = continuation }
                        if Task.isCancelled || !self.state.waiting.isEmpty { self.releaseTaker(id) }
                    }
                } onCancel: {
                    self.releaseTaker(id)
                }
            }
            // The only error is cancellation, which means that jobs came first.
            group.addTask { try? await Task.sleep(for: patience) }
            await group.next()
            group.cancelAll()
        }
    }

    private func releaseTaker(_ id: Int) { takers.withLock { $0.removeValue(forKey: id) }?.resume() }

    private func attempt(_ call: Call) throws(QueueError) {
        let isFailing = change { record in
            guard let left = record.failures[call], left > 0 else { return false }
            record.failures[call] = left - 1
            record.failed += 1
            return true
        }
        if isFailing { throw QueueError(.unavailable, "\(call) fails on command") }
    }

    @discardableResult
    private func change<Value: Sendable>(_ body: (inout Record) -> Value) -> Value {
        let value = record.withLock { body(&$0) }
        notify()
        return value
    }

    private func notify() {
        let now = state
        let met = watchers.withLock { watchers in
            let met = watchers.filter { $0.isMet(now) }
            watchers.removeAll { watcher in met.contains { $0.id == watcher.id } }
            return met
        }
        for watcher in met { watcher.continuation.resume() }
    }
}
