package import Jobs
package import Time

/// Counts arrivals by minute, from the queues' counters of jobs ever submitted.
package struct ArrivalCounter: Sendable {
    /// What is to be added to a minute.
    package struct Batch: Sendable, Equatable {
        package var time: Timestamp
        package var arrivals: [QueueName: Int]
    }

    /// Counts reach the ledger after this time at the latest.
    private static let pause = Duration.seconds(10)
    /// A counter that was not looked at for longer says nothing of the minutes between.
    private static let longestGap = Duration.seconds(90)

    private var submitted: [QueueName: Int] = [:]
    private var last: Timestamp?
    private var pending: [QueueName: Int] = [:]
    private var since: Timestamp?

    package init() {}

    /// - Returns: what can go to the ledger now; a batch is of one minute.
    package mutating func note(_ snapshots: [QueueName: QueueSnapshot], at now: Timestamp) -> Batch? {
        let isContinuous = last.map { now - $0 <= Self.longestGap && now >= $0 } ?? false
        let full = since.map { Self.minute($0) != Self.minute(now) || now - $0 >= Self.pause } ?? false
        var batch: Batch?
        if full, let since {
            batch = Batch(time: since, arrivals: pending)
            pending = [:]
            self.since = nil
        }
        for (queue, snapshot) in snapshots {
            let new = isContinuous ? snapshot.submitted - (submitted[queue] ?? snapshot.submitted) : 0
            pending[queue, default: 0] += max(new, 0)
            submitted[queue] = snapshot.submitted
        }
        if since == nil { since = now }
        last = now
        return batch
    }

    /// Puts back what the ledger did not take, as far as it is of the same minute.
    package mutating func putBack(_ batch: Batch, at now: Timestamp) {
        for (queue, count) in batch.arrivals { pending[queue, default: 0] += count }
        since = min(since ?? now, batch.time)
    }

    /// What is left, at the end.
    package mutating func finish() -> Batch? {
        defer {
            pending = [:]
            since = nil
        }
        return since.map { Batch(time: $0, arrivals: pending) }
    }

    private static func minute(_ time: Timestamp) -> Int64 { time.microseconds / 60_000_000 }
}
