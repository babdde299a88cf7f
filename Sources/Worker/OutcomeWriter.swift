import Jobs
import Logging
import NIOCore
import Observability
import Synchronization
import Tensors
import Time
import Clocks

/// What becomes of a job that this worker took.
enum Release: Sendable {
    /// It has an outcome.
    case settle(Settlement)
    /// Its run returned an error; it may run again after the delay.
    case retry(TakenJob, after: Duration, error: String)
    /// It was not started.
    case handBack(TakenJob)

    /// The same job, settled as failed: its outcome cannot be written. `nil` if it carries no tensors.
    fileprivate func failed(_ message: String) -> Release? {
        guard case .settle(var settlement) = self, case .finished = settlement.outcome.ending else { return nil }
        settlement.outcome.ending = .failed(
            JobFailure(
                code: .backend, message: "the outcome is too large: \(message)",
                attempts: settlement.outcome.run.attempt))
        return .settle(settlement)
    }

    /// Of the tensors that it keeps in memory: its outcome's, or the inputs of a job that goes back.
    fileprivate var keptBytes: Int {
        switch self {
        case .settle: bytes
        case .retry(let job, _, _), .handBack(let job): job.job.inputs.reduce(0) { $0 + $1.bytes.readableBytes }
        }
    }

    /// Of the tensors of its outcome.
    fileprivate var bytes: Int {
        guard case .settle(let settlement) = self, case .finished(let tensors) = settlement.outcome.ending else {
            return 0
        }
        return tensors.reduce(0) { $0 + $1.bytes.readableBytes }
    }
}

/// Writes what was released back to the queue: everything that gathered while one write was under way leaves
/// together in the next, so the busier the worker is the fewer round trips a job costs, and an idle worker
/// writes at once.
///
/// A write that fails is repeated until it succeeds. What waits is bounded by `capacity` and `byteCapacity`: above
/// either the worker takes no more jobs (`isFull`), so it holds at most that and what it had already taken.
final class OutcomeWriter: Sendable {
    /// Jobs in one write; above it a write is cut, so that no single command grows without bound.
    static let largestWrite = 512
    /// Bytes of outcomes in one write, 8 MiB.
    private static let largestBytes = 8 << 20

    private struct State {
        var waiting: [Release] = []
        var writing = 0
        /// Of both.
        var bytes = 0
        var written = 0
        /// The last write failed.
        var isFailing = false
        /// Those who wait in `flush`.
        var flushers: [CheckedContinuation<Void, Never>] = []
        var isEmpty: Bool { waiting.isEmpty && writing == 0 }
    }

    let capacity: Int
    let byteCapacity: Int
    private let queue: any WorkQueue
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let onRoom: @Sendable () -> Void
    private let state = Mutex(State())
    private let signal = Signal()

    /// - Parameter onRoom: called when the writer is no longer full.
    init(
        queue: any WorkQueue, capacity: Int = 4_096, byteCapacity: Int = 256 << 20, clock: any Clock<Duration>,
        logger: Logger, onRoom: @escaping @Sendable () -> Void = {}
    ) {
        self.queue = queue
        self.capacity = capacity
        self.byteCapacity = byteCapacity
        self.clock = clock
        self.logger = logger
        self.onRoom = onRoom
    }

    /// Adds `releases` to the next write. Never blocks; allowed from any thread.
    func add(_ releases: [Release]) {
        guard !releases.isEmpty else { return }
        let bytes = releases.reduce(0) { $0 + $1.keptBytes }
        state.withLock { state in
            state.waiting += releases
            state.bytes += bytes
        }
        signal.raise()
    }

    /// Jobs that were released and are not written yet.
    var pending: Int { state.withLock { $0.waiting.count + $0.writing } }

    /// Of the tensors of those.
    var pendingBytes: Int { state.withLock { $0.bytes } }

    var isFull: Bool { state.withLock { isFull($0) } }

    private func isFull(_ state: borrowing State) -> Bool {
        state.waiting.count + state.writing >= capacity || state.bytes >= byteCapacity
    }

    /// Whether the last write failed.
    var isFailing: Bool { state.withLock { $0.isFailing } }

    /// Jobs settled since the start.
    var settled: Int { state.withLock { $0.written } }

    /// Returns when nothing waits to be written, or the calling task is cancelled.
    func flush() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.isEmpty || Task.isCancelled { return true }
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
        // How many of the next writes carry one job each, to get past an outcome that the queue refuses.
        var singles = 0
        while !Task.isCancelled {
            var batch = nextWrite(upTo: singles > 0 ? 1 : Self.largestWrite)
            guard !batch.isEmpty else {
                await signal.wait()
                continue
            }
            singles = max(0, singles - 1)
            do {
                try await write(&batch)
                backoff.succeeded()
                state.withLock { $0.isFailing = false }
            } catch {
                let delay = backoff.failed()
                state.withLock { $0.isFailing = true }
                if error.code != .unavailable, batch.count > 1 { singles = pending }
                if error.code == .tooLarge, batch.count == 1, let smaller = batch[0].failed(error.message) {
                    putBack([smaller], freeing: batch[0].keptBytes)
                    continue
                }
                logger.warning(
                    "Cannot write outcomes; will try again",
                    metadata: [
                        LogKeys.batchSize: "\(batch.count)", LogKeys.reason: "\(error)",
                        LogKeys.attempt: "\(backoff.failures)",
                    ])
                putBack(batch)
                // Cancellation ends the wait and then the loop.
                try? await clock.sleep(for: delay)
            }
        }
    }

    /// At most `limit` releases and, beyond the first, at most `largestBytes` of outcomes: each outcome may leave twice
    /// (stored, and for its waiting caller), and the connection takes only so much at a time.
    private func nextWrite(upTo limit: Int) -> [Release] {
        state.withLock { state in
            var bytes = 0
            let fitting = state.waiting.prefix(limit).prefix { release in
                bytes += release.bytes
                return bytes <= Self.largestBytes
            }
            let batch = Array(state.waiting.prefix(max(1, fitting.count)))
            state.waiting.removeFirst(batch.count)
            state.writing = batch.count
            return batch
        }
    }

    /// Behind the others, so that what the queue refuses does not hold up the rest.
    /// - Parameter bytes: of what is not kept any more.
    private func putBack(_ batch: [Release], freeing bytes: Int = 0) {
        let hasRoom = state.withLock { state in
            let wasFull = isFull(state)
            state.waiting += batch
            state.writing = 0
            state.bytes -= bytes
            return wasFull && !isFull(state)
        }
        if hasRoom { onRoom() }
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
        let (hasRoom, flushers) = state.withLock { state in
            let wasFull = isFull(state)
            state.writing = remaining
            state.bytes -= bytes
            state.written += settled
            let hasRoom = wasFull && !isFull(state)
            guard state.isEmpty else { return (hasRoom, [CheckedContinuation<Void, Never>]()) }
            defer { state.flushers = [] }
            return (hasRoom, state.flushers)
        }
        for flusher in flushers { flusher.resume() }
        if hasRoom { onRoom() }
    }

    private func releaseFlushers() {
        let flushers = state.withLock { state in
            defer { state.flushers = [] }
            return state.flushers
        }
        for flusher in flushers { flusher.resume() }
    }
}
