package import Jobs
import Synchronization
import Time

/// A `ModelQueue` as one worker sees it.
package final class ModelWorkQueue: WorkQueue {
    package let id: String
    private let queue: ModelQueue
    private let names = Mutex<[QueueName]>([])

    init(_ id: String, _ queue: ModelQueue) {
        self.id = id
        self.queue = queue
    }

    package func take(
        upTo limit: Int, from queues: [QueueName], waiting patience: Duration
    ) async throws(QueueError) -> [TakenJob] {
        names.withLock { names in
            for queue in queues where !names.contains(queue) { names.append(queue) }
        }
        let deadline = ContinuousClock.now + patience
        let id = self.id
        return try await queue.poll(until: deadline) { model, now in
            model.promote(queues, now: now)
            let jobs = model.take(upTo: limit, from: queues, worker: id, now: now)
            if !jobs.isEmpty || ContinuousClock.now >= deadline { return (jobs, nil) }
            return (nil, queues.compactMap { model.nextDue(in: $0) }.min().map { max(.milliseconds(1), $0 - now) })
        }
    }

    package func settle(_ settlements: [Settlement]) async throws(QueueError) {
        try queue.change { model, now in model.settle(settlements, now: now) }
    }

    package func beginTrial(of id: JobID) async throws(QueueError) -> Bool {
        let worker = self.id
        return try queue.change { model, _ in model.beginTrial(of: id, worker: worker) }
    }

    package func endTrial(of id: JobID) async throws(QueueError) {
        let worker = self.id
        try queue.change { model, _ in model.endTrial(of: id, worker: worker) }
    }

    package func retry(_ job: TakenJob, after delay: Duration, error: String) async throws(QueueError) {
        let id = self.id
        try queue.change { model, now in model.retry(job.id, worker: id, after: delay, now: now) }
    }

    package func handBack(_ jobs: [TakenJob]) async throws(QueueError) {
        let id = self.id
        try queue.change { model, _ in model.handBack(jobs.map(\.id), worker: id) }
    }

    package func renewLease(_ report: WorkerReport) async throws(QueueError) -> [JobID] {
        try queue.change { model, now in model.renewLease(report, now: now) }
    }

    package func watchCancellations(
        of queues: [QueueName], _ deliver: @escaping @Sendable (JobID) -> Void
    ) async {
        await queue.watchCancellations(of: queues, deliver)
    }

    package func leave() async throws(QueueError) {
        let id = self.id
        let names = names.withLock { $0 }
        try queue.change { model, _ in model.leave(id, from: names) }
    }
}
