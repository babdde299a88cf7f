package import Jobs

/// What the ready workers of one model can do, by the costs that they have learned.
package struct ModelSpeed: Sendable, Equatable {
    /// Instances that run batches of `rows` rows in `fixed + perRow · rows` seconds.
    package struct Share: Sendable, Equatable {
        package var instances: Int
        package var fixed: Double
        package var perRow: Double
    }

    /// Of expected waits, in seconds: ten years. Costs come from reports, which say anything.
    private static let longest = 3.2e8

    package private(set) var shares: [Share] = []

    package init() {}

    /// How long a job will take from its submit to its outcome if no more workers come and none goes: what is held before it,
    /// at the speed of all instances together, and its own run.
    ///
    /// - Parameters:
    ///   - jobs: held by the queue, this one included.
    ///   - rowsPerJob: above zero.
    ///   - maximumRows: of a batch.
    /// - Returns: `nil` while no worker is ready that has measured what a run costs.
    /// - Example: 2 instances, 2 ms + 0.5 ms a row, batches of up to 8 rows, 100 jobs of one row: 2 · 8 rows in 6 ms, so
    ///   99 · 0.375 ms + 2.5 ms = 39.6 ms. A job alone: 2.5 ms.
    package func expectedWait(jobs: Int, rowsPerJob: Double, maximumRows: Int) -> Duration? {
        let instances = shares.reduce(0) { $0 + $1.instances }
        guard instances > 0, let fastest = shares.map({ $0.fixed + $0.perRow * rowsPerJob }).min() else { return nil }
        let rows = Double(max(0, jobs - 1)) * rowsPerJob
        let batch = min(max(rows / Double(instances), 1), Double(max(1, maximumRows)))
        let rowsPerSecond = shares.reduce(0) { sum, share in
            sum + Double(share.instances) * batch / max(share.fixed + share.perRow * batch, 1e-7)
        }
        let seconds = fastest + rows / rowsPerSecond
        return seconds.isFinite ? .seconds(min(seconds, Self.longest)) : nil
    }

    /// By queue, from the reports of workers whose lease holds.
    package static func all(_ reports: [WorkerReport]) -> [String: ModelSpeed] {
        var speeds: [String: ModelSpeed] = [:]
        for report in reports where report.state == .ready {
            for model in report.models {
                guard let fixed = model.fixedCost, let perRow = model.costPerRow, fixed.isFinite, perRow.isFinite,
                    (1...100_000).contains(model.instances)
                else { continue }
                speeds[model.queue, default: ModelSpeed()].shares.append(
                    Share(instances: model.instances, fixed: max(0, fixed), perRow: max(0, perRow)))
            }
        }
        return speeds
    }
}
