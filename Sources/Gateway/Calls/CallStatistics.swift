import Jobs
import Synchronization
import Tensors
import Time

/// What this gateway's callers got, per queue, since it started: the source of V2 statistics.
final class CallStatistics: Sendable {
    /// Sums over settled jobs. Times are totals over `count` jobs.
    struct Totals: Sendable, Equatable {
        var succeeded = 0
        var failed = 0
        var rows = 0
        var endToEnd: Duration = .zero
        var failedEndToEnd: Duration = .zero
        var queueWait: Duration = .zero
        var batchWait: Duration = .zero
        var compute: Duration = .zero
        /// Batches, each counted in parts by the jobs that ran in it, hence not whole.
        var batches: Double = 0
        var lastSettled: Timestamp?
        /// Jobs by the number of rows of their batch.
        var byBatchRows: [Int: (jobs: Int, compute: Duration)] = [:]

        static func == (lhs: Totals, rhs: Totals) -> Bool {
            lhs.succeeded == rhs.succeeded && lhs.failed == rhs.failed && lhs.rows == rhs.rows
        }
    }

    private let totals: Mutex<[QueueName: Totals]>

    init(models: [QueueName]) {
        totals = Mutex(Dictionary(models.map { ($0, Totals()) }, uniquingKeysWith: { first, _ in first }))
    }

    func totals(of queue: QueueName) -> Totals { totals.withLock { $0[queue] ?? Totals() } }

    func record(_ outcome: Outcome) {
        totals.withLock { all in
            guard var sum = all.removeValue(forKey: outcome.id.queue) else { return }
            sum.add(outcome)
            all[outcome.id.queue] = sum
        }
    }
}

extension CallStatistics.Totals {
    fileprivate mutating func add(_ outcome: Outcome) {
        let run = outcome.run
        lastSettled = max(lastSettled ?? run.settled, run.settled)
        guard case .finished(let tensors) = outcome.ending else {
            failed += 1
            failedEndToEnd += run.settled - run.submitted
            return
        }
        let jobRows = tensors.first?.shape.dimensions.first ?? 1
        succeeded += 1
        rows += jobRows
        endToEnd += run.settled - run.submitted
        queueWait += run.queueWait
        batchWait += run.batchWait
        compute += run.compute
        if run.batchRows > 0 {
            batches += Double(jobRows) / Double(run.batchRows)
            let known = byBatchRows[run.batchRows] ?? (0, .zero)
            byBatchRows[run.batchRows] = (known.jobs + 1, known.compute + run.compute)
        }
    }
}
