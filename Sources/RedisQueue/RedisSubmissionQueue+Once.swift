import Jobs
import NIOCore
import RedisClient
import Wire

extension RedisSubmissionQueue {
    /// From this size on a job is sent only after its key was looked up: a repetition does not send it again.
    private static let largePayload = 64 << 10

    /// Of a body whose job is still to be submitted.
    private static let bodyLife = Duration.seconds(120)

    /// A job that is there is returned also where a new one would be refused.
    func submitOnce(_ job: Job, _ once: IdempotencyKey) async throws(QueueError) -> Submission {
        var refusal: QueueError?
        do throws(QueueError) { try store.check() } catch { refusal = error }
        let size = try encodedSize(of: job)
        if refusal != nil || size >= Self.largePayload {
            if let known = try await callOnce(job, once, payload: ByteBuffer(), body: nil) { return known }
            if let refusal { throw refusal }
        }
        let body = size > JobBody.inlineLimit ? JobBody(size: size) : nil
        var payload = ByteBuffer()
        if let body {
            payload = try JobBody.head(of: job)
            let what = "submitting to \(job.queue) under an idempotency key"
            let stored = try await bulkClient.perform(
                [try store(body, of: job, life: Self.bodyLife)], timeout: Transfer.timeout(size), what)
            if let refusal = stored.first, refusal.errorMessage != nil { throw QueueError.unexpected(refusal, what) }
        } else {
            try payload.write(job)
        }
        guard let submission = try await callOnce(job, once, payload: payload, body: body) else {
            throw QueueError(.malformed, "submitting to \(job.queue): Redis did not take the job and does not say why")
        }
        return submission
    }

    /// - Parameters:
    ///   - payload: empty: only looks. Of a job with a body that is stored its head.
    /// - Returns: `nil` when nothing was to be submitted and the key is free.
    private func callOnce(
        _ job: Job, _ once: IdempotencyKey, payload: ByteBuffer, body: JobBody?
    ) async throws(QueueError) -> Submission? {
        let lane = keys.lane(job.queue, job.priority)
        let call = RedisScript.submitOnce
            .call(keys: [
                keys.once(job.queue, once.key), lane, body.map { keys.body(job.queue, $0.token) } ?? lane,
            ])
            .with(once.fingerprint, String(QueueOptions.milliseconds(once.retention)), job.priority.name)
            .with(payload)
            .with(keys.resultPrefix(job.queue), keys.lanePrefix(job.queue))
            .with(once.repetition.word, once.maximumQueue.map { String($0) } ?? "", body?.text ?? "")
        let what = "submitting to \(job.queue) under an idempotency key"
        let reply = try await client.perform([call], what).first ?? .null
        guard let parts = reply.array, let verdict = parts.first?.string else {
            throw QueueError.unexpected(reply, what)
        }
        if verdict == "lost" {
            throw QueueError(.unavailable, "\(what): its inputs took too long to reach Redis; try again")
        }
        if verdict == "absent" { return nil }
        if verdict == "full", parts.count == 2, let held = parts[1].integer { return .full(held: held) }
        guard parts.count >= 3, let priority = parts[1].string.flatMap({ PriorityClass(name: $0) }),
            let entry = parts[2].entryID
        else { throw QueueError.unexpected(reply, what) }
        let id = JobID(queue: job.queue, priority: priority, entry: entry)
        switch verdict {
        case "existing": return .existing(id)
        case "conflict": return .conflict(id)
        case "underway": return .underWay(id)
        default:
            // The job is accepted: a lost wake-up costs time, not the job.
            noteDeadline(of: job, id)
            if wakes.admits(job.queue) { client.submit([wake(job.queue)]) { _ in } }
            return .accepted(id, depth: parts.count > 3 ? parts[3].integer ?? 1 : 1)
        }
    }
}

extension IdempotencyKey.Repetition {
    /// As `submit_once.lua` reads it.
    fileprivate var word: String {
        switch self {
        case .join: "join"
        case .rerun: "rerun"
        }
    }
}
