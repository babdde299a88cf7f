package import Jobs

/// How many rows a job of one model has, from what left the queue and what workers report; recent jobs count more.
package struct RowsPerJob: Sendable, Equatable {
    /// Below this many jobs nothing is said.
    private static let enough = 20.0
    /// From this many jobs on, older ones lose weight.
    private static let memory = 2_000.0

    private var jobs = 0.0
    private var rows = 0.0
    private var settled: Int?
    private var rowsByWorker: [String: Int]?

    package init() {}

    package mutating func note(_ snapshot: QueueSnapshot) {
        let now = snapshot.submitted - snapshot.depth.total
        defer { settled = now }
        guard let settled, now > settled else { return }
        jobs += Double(now - settled)
        guard jobs > Self.memory else { return }
        jobs /= 2
        rows /= 2
    }

    /// - Parameter reports: the rows that each worker settled since its start.
    package mutating func note(rows reports: [String: Int]) {
        defer { rowsByWorker = reports }
        // Workers that were there before the first look count from it.
        guard let rowsByWorker else { return }
        for (worker, total) in reports { rows += Double(max(total - (rowsByWorker[worker] ?? 0), 0)) }
    }

    /// At least one: a job that was cancelled has none, and reports come a second late.
    package var measured: Double? { jobs >= Self.enough ? max(rows / jobs, 1) : nil }
}
