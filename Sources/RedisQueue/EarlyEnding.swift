import Jobs
import NIOCore
import RedisClient
import Time
import Wire

/// The end of a job without a run: cancelled by its caller, or expired while it waited.
struct EarlyEnding {
    /// Which jobs are ended.
    enum Whose: String {
        case any
        /// Not one that is in a worker's hands.
        case waiting
    }

    let outcome: Outcome
    private let retention: Duration?
    private let body: JobBody?

    init(id: JobID, entry: LaneEntry, _ ending: Outcome.Ending, now: Timestamp) {
        let job = entry.job(in: id.queue, id.priority)
        // An entry that cannot be read is ended like any other; nobody can be told.
        let submitted = job?.submitted ?? Timestamp(microseconds: Int64(clamping: id.entry.milliseconds) &* 1_000)
        outcome = Outcome(
            id: id, replyTo: job?.replyTo, echo: job?.echo ?? ByteBuffer(), ending: ending,
            run: RunRecord(submitted: submitted, settled: now, queueWait: max(.zero, now - submitted)))
        retention = job?.retention
        body = entry.body
    }

    /// Returns what the script says: cancelled, settled, absent or running.
    func call(_ keys: Keys, _ options: QueueOptions, of whose: Whose) throws(QueueError) -> ScriptCall {
        var bytes = ByteBuffer()
        try bytes.write(outcome)
        let id = outcome.id
        let queue = id.queue
        return RedisScript.cancel
            .call(keys: [
                keys.result(id), keys.lane(queue, id.priority), keys.again(queue), keys.due(queue),
                keys.reply(outcome.replyTo?.gateway ?? ""), keys.deadlines(queue),
                body.map { keys.body(queue, $0.token) } ?? keys.deadlines(queue),
            ])
            .with(id.priority.name, id.entry.description)
            .with(bytes)
            .with(
                String(QueueOptions.milliseconds(retention ?? options.retention)), Keys.group, Keys.returned,
                keys.cancelledPrefix(queue),
                // Long enough for every renewal that can still be due.
                String(QueueOptions.milliseconds(options.leaseDuration * 4)),
                keys.cancelledChannel(queue), keys.settledChannel(queue),
                outcome.replyTo == nil ? "" : String(QueueOptions.milliseconds(options.replyLife)),
                body == nil ? "" : "body", whose.rawValue)
    }
}
