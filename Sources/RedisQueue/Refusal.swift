import Jobs
import NIOCore
import RedisClient
import Time

/// A delivered entry that is settled instead of run, and kept as a dead letter.
enum Refusal {
    /// Its payload cannot be read, or its inputs are gone; `job` is what could be read of it all the same.
    case malformed(JobID, ByteBuffer?, job: Job?, reason: String)
    /// Too many workers died while they ran it and nothing else.
    case poison(TakenJob, ByteBuffer?)

    /// Largest payload that is kept in a dead letter.
    private static let keptBytes = 16 << 10

    var id: JobID {
        switch self {
        case .malformed(let id, _, _, _): id
        case .poison(let taken, _): taken.id
        }
    }

    var reason: String {
        switch self {
        case .malformed(_, _, _, let reason): reason
        case .poison(let taken, _): taken.poisonReason
        }
    }

    func transaction(
        worker: String, now: Timestamp, _ keys: Keys, options: QueueOptions, body: JobBody?
    ) throws(QueueError) -> SettleTransaction {
        let settlement = Settlement(outcome: outcome(worker: worker, now: now), retention: retention(options))
        return try SettleTransaction(
            [settlement], in: id.queue, keys, options: options, hold: { _ in HeldJobs.Hold(body: body) },
            extra: [deadLetter(worker: worker, now: now, keys, options)])
    }

    private func outcome(worker: String, now: Timestamp) -> Outcome {
        switch self {
        case .malformed(let id, _, let job, let reason):
            let submitted =
                job?.submitted ?? Timestamp(microseconds: Int64(clamping: id.entry.milliseconds) &* 1_000)
            return Outcome(
                id: id, replyTo: job?.replyTo, echo: job?.echo ?? ByteBuffer(),
                ending: .failed(JobFailure(code: .internal, message: reason, attempts: 0)),
                run: RunRecord(submitted: submitted, settled: now, worker: worker))
        case .poison(let taken, _):
            let failure = JobFailure(code: .poison, message: reason, attempts: taken.attempt)
            let job = taken.job
            return Outcome(
                id: taken.id, replyTo: job.replyTo, echo: job.echo, ending: .failed(failure),
                run: RunRecord(
                    submitted: job.submitted, settled: now, queueWait: max(.zero, now - job.submitted), worker: worker,
                    attempt: taken.attempt))
        }
    }

    private func retention(_ options: QueueOptions) -> Duration {
        switch self {
        case .malformed(_, _, let job, _): job?.retention ?? options.retention
        case .poison(let taken, _): taken.job.retention
        }
    }

    private func deadLetter(worker: String, now: Timestamp, _ keys: Keys, _ options: QueueOptions) -> RedisCommand {
        var command = RedisCommand(
            "XADD", keys.dead(id.queue), "MAXLEN", "~", String(options.deadLetterLimit), "*", "job", id.description,
            "worker", worker, "reason", reason)
        switch self {
        case .malformed(_, let payload, _, _):
            append(payload, to: &command)
        case .poison(let taken, let payload):
            command.append(contentsOf: ["attempts", String(taken.attempt), "crashes", String(taken.deathsAlone)])
            append(payload, to: &command)
        }
        return command
    }

    private func append(_ payload: ByteBuffer?, to command: inout RedisCommand) {
        guard let payload, payload.readableBytes <= Self.keptBytes else { return }
        command.append("j")
        command.append(payload)
    }
}
