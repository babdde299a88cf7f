import Jobs
import Logging
import Observability
import Synchronization
import Time
import Clocks
import WorkerCore

/// Writes what was released back to the queue: everything that gathered while one write was under way leaves
/// together in the next, so the busier the worker is the fewer round trips a job costs, and an idle worker
/// writes at once.
///
/// A write that fails is repeated until it succeeds. What waits is bounded by `capacity` and `byteCapacity`: above
/// either the worker takes no more jobs (`isFull`), so it holds at most that and what it had already taken.
final class OutcomeWriter: Sendable {
    private struct State {
        var line: OutcomeLine
        /// Those who wait in `flush`.
        var flushers: [CheckedContinuation<Void, Never>] = []
    }

    private let queue: any WorkQueue
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let onRoom: @Sendable () -> Void
    private let state: Mutex<State>
    private let signal = Signal()

    /// - Parameter onRoom: called when the writer is no longer full.
    init(
        queue: any WorkQueue, capacity: Int = 4_096, byteCapacity: Int = 256 << 20, clock: any Clock<Duration>,
        logger: Logger, onRoom: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        state = Mutex(State(line: OutcomeLine(capacity: capacity, byteCapacity: byteCapacity)))
        self.clock = clock
        self.logger = logger
        self.onRoom = onRoom
    }

    /// Adds `releases` to the next write. Never blocks; allowed from any thread.
    func add(_ releases: [Release]) {
        guard !releases.isEmpty else { return }
        state.withLock { $0.line.add(releases) }
        signal.raise()
    }

    /// Jobs that were released and are not written yet.
    var pending: Int { state.withLock { $0.line.count } }

    var isFull: Bool { state.withLock { $0.line.isFull } }

    /// Whether the last write failed.
    var isFailing: Bool { state.withLock { $0.line.isFailing } }

    /// Jobs settled since the start.
    var settled: Int { state.withLock { $0.line.settled } }

    /// Returns when nothing waits to be written, or the calling task is cancelled.
    func flush() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.line.isEmpty || Task.isCancelled { return true }
                    state.flushers.append(continuation)
                    return false
                }
                if isDone { continuation.resume() }
                if Task.isCancelled { releaseFlushers() }
            }
        } onCancel: {
            releaseFlushers()
        }
    }

    /// Writes until the task is cancelled.
    func run() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            var batch = state.withLock { $0.line.next() }
            guard !batch.isEmpty else {
                await signal.wait()
                continue
            }
            do {
                try await write(&batch)
                backoff.succeeded()
            } catch {
                let delay = backoff.failed()
                switch change({ $0.failed(batch, error) }) {
                case .goOn: continue
                case .wait: break
                }
                logger.warning(
                    "Cannot write outcomes; will try again",
                    metadata: [
                        LogKeys.batchSize: "\(batch.count)", LogKeys.reason: "\(error)",
                        LogKeys.attempt: "\(backoff.failures)",
                    ])
                // Cancellation ends the wait and then the loop.
                try? await clock.sleep(for: delay)
            }
        }
    }

    /// Writes `batch` and removes from it what is written, so that after an error the rest is what remains.
    private func write(_ batch: inout [Release]) async throws(QueueError) {
        var settlements: [Settlement] = []
        var returned: [TakenJob] = []
        var retries: [Release] = []
        for release in batch {
            switch release {
            case .settle(let settlement): settlements.append(settlement)
            case .handBack(let job): returned.append(job)
            case .retry: retries.append(release)
            }
        }
        if !settlements.isEmpty {
            try await queue.settle(settlements)
            let bytes = batch.reduce(0) { $0 + $1.bytes }
            batch = returned.map { .handBack($0) } + retries
            finished(settled: settlements.count, bytes: bytes, remaining: batch.count)
        }
        if !returned.isEmpty {
            try await queue.handBack(returned)
            let bytes = returned.reduce(0) { $0 + Release.handBack($1).keptBytes }
            batch = retries
            finished(settled: 0, bytes: bytes, remaining: batch.count)
        }
        while case .retry(let job, let delay, let error)? = batch.first {
            try await queue.retry(job, after: delay, error: error)
            let bytes = batch.removeFirst().keptBytes
            finished(settled: 0, bytes: bytes, remaining: batch.count)
        }
    }

    private func finished(settled: Int, bytes: Int, remaining: Int) {
        change { $0.wrote(settled: settled, bytes: bytes, remaining: remaining) }
    }

    /// Changes the line, and lets those go on who wait for it to be empty, or to have room.
    private func change<Result>(_ body: (inout OutcomeLine) -> Result) -> Result {
        let (result, hasRoom, flushers) = state.withLock { state in
            let wasFull = state.line.isFull
            let result = body(&state.line)
            let hasRoom = wasFull && !state.line.isFull
            guard state.line.isEmpty else { return (result, hasRoom, [CheckedContinuation<Void, Never>]()) }
            defer { state.flushers = [] }
            return (result, hasRoom, state.flushers)
        }
        for flusher in flushers { flusher.resume() }
        if hasRoom { onRoom() }
        return result
    }

    private func releaseFlushers() {
        let flushers = state.withLock { state in
            defer { state.flushers = [] }
            return state.flushers
        }
        for flusher in flushers { flusher.resume() }
    }
}
