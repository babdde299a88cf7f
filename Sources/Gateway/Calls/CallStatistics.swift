import Jobs
import Synchronization
import Tensors
import Time

/// What became of the jobs that this gateway accepted, per queue, since it started: the source of V2 statistics. Asynchronous jobs
/// count when they are settled.
final class CallStatistics: Sendable {
    /// Runs of one size.
    struct Runs: Sendable, Equatable {
        /// Each counted in parts by the jobs that ran in it, hence not whole.
        var count: Double = 0
        var compute: Duration = .zero
    }

    /// Sums over settled jobs. Times are totals over their number.
    struct Totals: Sendable, Equatable {
        var succeeded = 0
        var failed = 0
        var rows = 0
        var endToEnd: Duration = .zero
        var failedEndToEnd: Duration = .zero
        var queueWait: Duration = .zero
        var batchWait: Duration = .zero
        var compute: Duration = .zero
        var lastSettled: Timestamp?
        /// By the number of rows in a run.
        var runs: [Int: Runs] = [:]

        /// 1 while nothing is known.
        var rowsPerJob: Double { succeeded == 0 ? 1 : max(1e-3, Double(rows) / Double(succeeded)) }
    }

    private struct Model {
        /// `nil`: its file could not be read yet.
        var counting: Counting?
        var totals = Totals()
    }

    /// Whether the first dimension of a model's outputs counts rows.
    fileprivate enum Counting: Sendable {
        case always
        case never
        /// The load decides: requests that run as one row each run whole.
        case asRun

        init?(_ model: ServedModel) {
            guard model.problem == nil else { return nil }
            self = !model.mayJoinRows ? .never : model.signature.maximumBatchSize == nil ? .asRun : .always
        }
    }

    private let models: Mutex<[QueueName: Model]>
    private let catalog: ModelCatalog

    init(_ catalog: ModelCatalog) {
        self.catalog = catalog
        models = Mutex(
            Dictionary(
                catalog.models.map { ($0.queue, Model(counting: Counting($0))) },
                uniquingKeysWith: { first, _ in first }))
    }

    func totals(of queue: QueueName) -> Totals { models.withLock { $0[queue]?.totals ?? Totals() } }

    /// - Parameter endToEnd: from the request's arrival until its answer was written; `nil` where nobody waited: from submit to
    ///   settled.
    func record(_ outcome: Outcome, endToEnd: Duration?) {
        let time = endToEnd ?? Totals.bounded(outcome.run.settled - outcome.run.submitted)
        guard !add(outcome, time) else { return }
        // Somebody could read its file, since it has outcomes. Looked up outside the lock, since that may start a read.
        _ = add(outcome, time, learned: .some(catalog.find(outcome.id.queue).flatMap { Counting($0) }))
    }

    /// - Parameter learned: how the model's rows count, where that was looked up; `.some(nil)`: nobody knows.
    /// - Returns: `false` where it has to be looked up first.
    private func add(_ outcome: Outcome, _ time: Duration, learned: Counting?? = .none) -> Bool {
        models.withLock { all in
            guard var model = all.removeValue(forKey: outcome.id.queue) else { return true }
            defer { all[outcome.id.queue] = model }
            if model.counting == nil {
                guard let learned else { return false }
                model.counting = learned
            }
            model.totals.add(outcome, time, model.counting ?? .never)
            return true
        }
    }
}

extension CallStatistics.Totals {
    /// More than any job has: what Redis holds is not trusted further.
    private static let mostRows = 1 << 30

    fileprivate mutating func add(_ outcome: Outcome, _ endToEnd: Duration, _ counting: CallStatistics.Counting) {
        let run = outcome.run
        lastSettled = max(lastSettled ?? run.settled, run.settled)
        guard case .finished(let tensors) = outcome.ending else {
            failed += 1
            failedEndToEnd += endToEnd
            return
        }
        // Where the first dimension does not count rows, a job is one.
        let first = min(max(tensors.first?.shape.dimensions.first ?? 1, 0), Self.mostRows)
        let countsRows =
            switch counting {
            case .always: true
            case .never: false
            case .asRun: run.batchRows > 1 || first <= 1
            }
        let jobRows = countsRows ? first : 1
        let runRows = countsRows ? min(max(run.batchRows, 1), Self.mostRows) : 1
        succeeded += 1
        rows += jobRows
        self.endToEnd += endToEnd
        queueWait += Self.bounded(run.queueWait)
        batchWait += Self.bounded(run.batchWait)
        compute += Self.bounded(run.compute)
        // A job that ran beside others counts, and takes, its share of the run; one that ran in parts counts several.
        let share = Double(jobRows) / Double(runRows)
        runs[runRows, default: CallStatistics.Runs()].count += share
        runs[runRows, default: CallStatistics.Runs()].compute += Self.bounded(run.compute) * min(share, 1)
    }

    /// From nothing to ten years, so that sums of such times are good.
    fileprivate static func bounded(_ time: Duration) -> Duration { min(max(time, .zero), .seconds(315_360_000)) }
}
