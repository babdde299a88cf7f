import Jobs
import Logging
import Observability
import Synchronization
import Time
import Clocks
import WorkerCore

/// Takes jobs of one model from the queue: what its instances can start now plus one batch ahead, never more,
/// so that what waits stays in the shared queue where an idle worker can have it. While instances compute, the
/// next take is already under way.
final class TakeLoop: Sendable {
    private let queue: any WorkQueue
    private let runner: ModelRunner
    private let writer: OutcomeWriter
    private let patience: Duration
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let wake: Signal
    private let stopped = Atomic(false)
    private let stopping = Signal()

    /// - Parameters:
    ///   - patience: how long one take waits for the first job; also how long a drain waits at most for a take.
    ///   - wake: raised when there may be room again.
    init(
        queue: any WorkQueue, runner: ModelRunner, writer: OutcomeWriter, patience: Duration,
        clock: any Clock<Duration>, logger: Logger, wake: Signal
    ) {
        self.queue = queue
        self.runner = runner
        self.writer = writer
        self.patience = patience
        self.clock = clock
        self.logger = logger
        self.wake = wake
    }

    /// Takes until stopped or cancelled. Returns when the last take has returned, its jobs accepted or given
    /// back.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.take() }
            group.addTask { await self.stopping.wait() }
            await group.next()
            // A take that waits for Redis to come back ends with that; one that is under way ends as ever.
            group.cancelAll()
        }
    }

    private func take() async {
        var backoff = Backoff()
        while !isStopped {
            let limit = writer.isFull ? 0 : runner.appetite
            guard limit > 0 else {
                await wake.wait()
                continue
            }
            do {
                let jobs = try await queue.take(upTo: limit, from: [runner.queueName], waiting: patience)
                backoff.succeeded()
                if isStopped { writer.add(jobs.map { .handBack($0) }) } else { runner.accept(jobs) }
            } catch {
                let delay = backoff.failed()
                logger.warning(
                    "Cannot take jobs; will try again",
                    metadata: [LogKeys.reason: "\(error)", LogKeys.attempt: "\(backoff.failures)"])
                await wake.wait(atMost: delay, clock: clock)
            }
        }
    }

    /// No more takes; one that is under way gives back what it brings.
    func stop() {
        stopped.store(true, ordering: .sequentiallyConsistent)
        wake.raise()
        stopping.raise()
    }

    private var isStopped: Bool { stopped.load(ordering: .sequentiallyConsistent) || Task.isCancelled }
}
