package import Jobs
import Tensors
package import Time

/// Sums over a model's settled jobs. Times are totals over their number.
package struct CallTotals: Sendable, Equatable {
    /// Runs of one size.
    package struct Runs: Sendable, Equatable {
        /// Each counted in parts by the jobs that ran in it, hence not whole.
        package var count: Double
        package var compute: Duration

        package init(count: Double = 0, compute: Duration = .zero) {
            self.count = count
            self.compute = compute
        }
    }

    /// Whether the first dimension of a model's outputs counts rows.
    package enum Counting: Sendable {
        case always
        case never
        /// The load decides: requests that run as one row each run whole.
        case asRun
    }

    /// More than any job has: what Redis holds is not trusted further.
    private static let mostRows = 1 << 30

    package var succeeded = 0
    package var failed = 0
    package var rows = 0
    package var endToEnd: Duration = .zero
    package var failedEndToEnd: Duration = .zero
    package var queueWait: Duration = .zero
    package var batchWait: Duration = .zero
    package var compute: Duration = .zero
    package var lastSettled: Timestamp?
    /// By the number of rows in a run.
    package var runs: [Int: Runs] = [:]

    package init() {}

    /// 1 while nothing is known.
    package var rowsPerJob: Double { succeeded == 0 ? 1 : max(1e-3, Double(rows) / Double(succeeded)) }

    /// - Parameter endToEnd: from the request's arrival until its answer was written; `nil` where nobody waited: from submit to
    ///   settled.
    package mutating func add(_ outcome: Outcome, endToEnd measured: Duration?, _ counting: Counting) {
        let run = outcome.run
        let time = measured ?? Self.bounded(run.settled - run.submitted)
        lastSettled = max(lastSettled ?? run.settled, run.settled)
        guard case .finished(let tensors) = outcome.ending else {
            failed += 1
            failedEndToEnd += time
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
        endToEnd += time
        queueWait += Self.bounded(run.queueWait)
        batchWait += Self.bounded(run.batchWait)
        compute += Self.bounded(run.compute)
        // A job that ran beside others counts, and takes, its share of the run; one that ran in parts counts several.
        let share = Double(jobRows) / Double(runRows)
        runs[runRows, default: Runs()].add(share, of: Self.bounded(run.compute))
    }

    /// From nothing to ten years, so that sums of such times are good.
    private static func bounded(_ time: Duration) -> Duration { min(max(time, .zero), .seconds(315_360_000)) }
}

extension CallTotals.Runs {
    fileprivate mutating func add(_ share: Double, of time: Duration) {
        count += share
        compute += time * min(share, 1)
    }
}
