/// The queue as a gateway sees it. Implemented on Redis (`RedisQueue.RedisSubmissionQueue`) and as a value in
/// memory (`QueueModel` behind `TestSupport.ModelQueue`); one conformance suite runs over both.
package protocol SubmissionQueue: Sendable {
    /// Puts `job` in its lane. Returns once Redis has accepted it: from then on it is never lost.
    ///
    /// With `once`, a job that was submitted under the same key and is still known is returned instead; see `Submission`.
    func submit(_ job: Job, once: IdempotencyKey?) async throws(QueueError) -> Submission

    /// Where the job is now. Unknown and expired ids are states, not errors.
    func state(of id: JobID) async throws(QueueError) -> JobState

    /// Waits until the job is settled, at most `limit`, and returns its state then. Awaits a notice from
    /// the worker; never polls. `limit` zero answers at once.
    func state(of id: JobID, waitingUpTo limit: Duration) async throws(QueueError) -> JobState

    /// Ends the job with the outcome `cancelled` unless it is settled already; a worker that runs it is told.
    /// - Returns: the state after the call.
    func cancel(_ id: JobID, reason: String) async throws(QueueError) -> JobState

    /// Keeps a stored outcome for `retention` from now, for a caller that stopped waiting.
    func keepOutcome(of id: JobID, for retention: Duration) async throws(QueueError)

    func depth(of queue: QueueName) async throws(QueueError) -> QueueDepth

    /// The secret under which job ids are signed. Where none is stored, `known` becomes it, or a fresh one.
    func jobSecret(orElse known: JobSecret?) async throws(QueueError) -> JobSecret

    /// Returns if a job would be accepted now.
    /// - Throws: why it would not.
    func verify() async throws(QueueError)

    /// Delivers outcomes addressed to `gateway` to `deliver` (must not block; in order but for large ones) until the calling task is cancelled. Reconnects for ever.
    ///
    /// - Parameter waiting: the jobs whose callers wait at the gateway. After a break, in which outcomes may have been lost on
    ///   their way, they are looked up among the stored ones.
    func deliverReplies(
        to gateway: String, waiting: @escaping @Sendable () -> [JobID],
        _ deliver: @escaping @Sendable (Outcome) -> Void
    ) async
}

extension SubmissionQueue {
    /// For one who waits for nothing in particular.
    package func deliverReplies(to gateway: String, _ deliver: @escaping @Sendable (Outcome) -> Void) async {
        await deliverReplies(to: gateway, waiting: { [] }, deliver)
    }
}

/// A caller's promise that two submits are the same job.
package struct IdempotencyKey: Hashable, Sendable {
    /// What a repeated submit does.
    package enum Repetition: Hashable, Sendable {
        /// Returns the job, whatever became of it.
        case join
        /// Submits a new job where the earlier one ended without a result.
        case rerun
    }

    /// At most 256 bytes of visible ASCII, scoped to a queue.
    package var key: String
    /// A digest of the request, so that a key reused for another request is refused.
    package var fingerprint: String
    package var retention: Duration
    package var repetition: Repetition
    /// Most jobs that the queue may hold for a new one to be accepted, looked at in the same step as the key: a job that is
    /// there is never refused for it. `nil`: no bound.
    package var maximumQueue: Int?

    package init(
        key: String, fingerprint: String, retention: Duration, repetition: Repetition = .join, maximumQueue: Int? = nil
    ) {
        self.key = key
        self.fingerprint = fingerprint
        self.retention = retention
        self.repetition = repetition
        self.maximumQueue = maximumQueue
    }
}

package enum Submission: Sendable, Equatable {
    /// `depth` is the number of entries in the job's lane (waiting and running), this job included.
    case accepted(JobID, depth: Int)
    case existing(JobID)
    /// The key was used for a request with another fingerprint.
    case conflict(JobID)
    /// The key's job has not ended, so it is not run again.
    case underWay(JobID)
    /// The queue holds as many jobs as the key allows, or more, and none of them is the key's.
    case full(held: Int)
}

package enum JobState: Sendable, Equatable {
    /// Can go to: running, settled.
    case waiting
    /// In a worker's hands. Can go to: settled, retrying (its worker died or it failed once).
    case running
    /// Will be delivered again. Can go to: running, settled.
    case retrying
    /// Final; holds the one stored outcome.
    case settled(Outcome)
    /// The id was never given out, as far as can be known.
    case unknown
    /// The id is older than its outcome is kept.
    case gone
}

/// A queue's size at one moment, read in one round trip.
package struct QueueDepth: Sendable, Equatable {
    package var waiting: Int
    package var inFlight: Int
    /// Jobs that will become takable later (retries with back-off).
    package var due: Int

    package init(waiting: Int, inFlight: Int, due: Int) {
        self.waiting = waiting
        self.inFlight = inFlight
        self.due = due
    }

    package var total: Int { waiting + inFlight + due }
}
