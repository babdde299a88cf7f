import Jobs
import Logging
import Observability
import Synchronization
import Clocks
import Time

/// Renews the worker's lease once a second, and at once when its state changes, and with it says what the worker
/// is and does. Runs as a task of its own; inference has threads of its own and cannot starve it.
final class LeaseKeeper: Sendable {
    static let interval = Duration.seconds(1)

    private let queue: any WorkQueue
    private let steady: any TimeSource
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let makeReport: @Sendable () -> WorkerReport
    private let onCancellation: @Sendable (JobID) -> Void
    private let due = Signal()
    private let ended = Signal()
    private let renewed = Signal()
    private let isStopped = Atomic(false)
    private let failing = Atomic(false)
    /// Since when a renewal waits for its answer.
    private let asked = Mutex<Timestamp?>(nil)

    init(
        queue: any WorkQueue, steady: any TimeSource, clock: any Clock<Duration>, logger: Logger,
        makeReport: @escaping @Sendable () -> WorkerReport, onCancellation: @escaping @Sendable (JobID) -> Void
    ) {
        self.queue = queue
        self.steady = steady
        self.clock = clock
        self.logger = logger
        self.makeReport = makeReport
        self.onCancellation = onCancellation
    }

    /// Whether the last renewal failed or waits for its answer for long: the queue is away, as far as this worker knows.
    var isFailing: Bool {
        failing.load(ordering: .relaxed)
            || asked.withLock { $0 }.map { steady.now() - $0 > .milliseconds(500) } ?? false
    }

    /// Renews at once rather than when the second is over.
    func renewNow() { due.raise() }

    /// Returns once the lease was taken out, or after `limit`. Once only.
    func waitUntilRenewed(atMost limit: Duration) async { await renewed.wait(atMost: limit, clock: clock) }

    /// Ends renewing, and returns when no renewal is under way, so that none follows the worker's leaving and makes
    /// it look alive again. Waits at most `limit`.
    func stop(within limit: Duration) async {
        isStopped.store(true, ordering: .sequentiallyConsistent)
        due.raise()
        await ended.wait(atMost: limit, clock: clock)
    }

    /// Renews until stopped or the task is cancelled. An error is logged when renewing begins to fail and when it works
    /// again: in between, the lease may end and the jobs go to other workers, whose outcomes win.
    func run() async {
        defer { ended.raise() }
        var failures = 0
        while !Task.isCancelled, !isStopped.load(ordering: .sequentiallyConsistent) {
            asked.withLock { $0 = steady.now() }
            defer { asked.withLock { $0 = nil } }
            do {
                for id in try await queue.renewLease(makeReport()) { onCancellation(id) }
                asked.withLock { $0 = nil }
                renewed.raise()
                if failures > 0 {
                    logger.info("The lease is renewed again", metadata: [LogKeys.attempt: "\(failures)"])
                }
                failures = 0
                failing.store(false, ordering: .relaxed)
            } catch {
                if failures == 0 { logger.error("Cannot renew the lease", metadata: [LogKeys.reason: "\(error)"]) }
                failures += 1
                failing.store(true, ordering: .relaxed)
            }
            await due.wait(atMost: Self.interval, clock: clock)
        }
    }
}
