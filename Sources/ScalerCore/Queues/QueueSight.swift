package import Jobs
package import Scaling
package import Time

/// What the scaler last saw of the queues, and since when it sees them.
package struct QueueSight: Sendable {
    private let queues: [QueueName]
    private var snapshots: [QueueName: QueueSnapshot] = [:]
    private var rows: [QueueName: RowsPerJob] = [:]
    /// When the queues and reports were last read; `nil`: never.
    package private(set) var read: Timestamp?
    /// When they were last looked for, in vain or not.
    package private(set) var looked: Timestamp?
    /// Since when they can be read without a gap; `nil` while they cannot.
    package private(set) var readableSince: Timestamp?
    private var lostAt: Timestamp?

    package init(queues: [QueueName]) { self.queues = queues }

    package var hasWork: Bool { snapshots.values.contains { $0.depth.total > 0 } }

    /// The queues with waiting jobs, by `QueueName.description`.
    package var waiting: Set<String> { Set(snapshots.filter { $0.value.depth.waiting > 0 }.map(\.key.description)) }

    /// - Returns: how long they could not be read, if this ends an outage.
    package mutating func note(
        _ snapshots: [QueueName: QueueSnapshot], _ reports: [WorkerReport], at now: Timestamp
    ) -> Duration? {
        self.snapshots = snapshots
        read = now
        looked = now
        if readableSince == nil { readableSince = now }
        var rowsByQueue: [String: [String: Int]] = [:]
        for report in reports {
            for model in report.models { rowsByQueue[model.queue, default: [:]][report.id] = model.rows }
        }
        for queue in queues {
            if let snapshot = snapshots[queue] { rows[queue, default: RowsPerJob()].note(snapshot) }
            rows[queue, default: RowsPerJob()].note(rows: rowsByQueue[queue.description] ?? [:])
        }
        defer { lostAt = nil }
        return lostAt.map { now - $0 }
    }

    /// - Returns: whether this begins an outage.
    package mutating func noteFailure(at now: Timestamp) -> Bool {
        looked = now
        readableSince = nil
        guard lostAt == nil else { return false }
        lostAt = now
        return true
    }

    /// In the order of the settings. While the queues cannot be read: as last seen.
    package func models(at now: Timestamp) -> [ModelObservation] {
        queues.map { queue in
            guard let snapshot = snapshots[queue] else { return ModelObservation(name: queue.description) }
            return ModelObservation(
                name: queue.description, waiting: snapshot.depth.waiting, inFlight: snapshot.depth.inFlight,
                due: snapshot.depth.due, submitted: snapshot.submitted,
                oldestWait: snapshot.oldestWaiting.map { max(now - $0, .zero) }, rowsPerJob: rows[queue]?.measured,
                classes: snapshot.classes.count > 1 || snapshot.classes.first?.priority != .normal
                    ? snapshot.classes.map { ClassBacklog($0, at: now) } : [])
        }
    }
}

extension ClassBacklog {
    fileprivate init(_ depth: ClassDepth, at now: Timestamp) {
        let name: JobClass =
            switch depth.priority {
            case .high: .high
            case .normal: .normal
            case .low: .low
            }
        self.init(
            name: name, waiting: depth.waiting, oldestWait: depth.oldestWaiting.map { max(now - $0, .zero) })
    }
}
