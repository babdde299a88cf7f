import NIOCore
package import Time

extension QueueModel {
    /// How long after its deadline a job that waits is ended without a worker: a worker that meets it is at it first.
    package static let expiryMargin = Duration.milliseconds(500)

    /// Ends the jobs beyond their deadlines that no worker holds.
    /// - Returns: how many.
    package mutating func expire(_ names: [QueueName], now: Timestamp) -> Int {
        let late = records.filter { id, record in
            guard names.contains(id.queue), let deadline = record.job.deadline else { return false }
            if case .held = record.place { return false }
            return deadline + Self.expiryMargin < now
        }
        let settlements = late.map { id, record in
            Settlement(
                outcome: Outcome(
                    id: id, replyTo: record.job.replyTo, echo: record.job.echo, ending: .expired,
                    run: RunRecord(
                        submitted: record.job.submitted, settled: now,
                        queueWait: max(.zero, now - record.job.submitted))), retention: record.job.retention)
        }
        settle(settlements.sorted { $0.outcome.id.entry < $1.outcome.id.entry }, now: now)
        return settlements.count
    }
}
