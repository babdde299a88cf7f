package import Jobs
package import Time

/// What a synchronous call comes to.
package enum CallAnswer: Sendable, Equatable {
    case settled(Outcome)
    /// The same, but looked up: it is of a job that was submitted before under the same key, or it was lost on its way here.
    case stored(Outcome)
    /// The job goes on; its caller can collect the outcome by its id.
    case timedOut
    /// The job's deadline passed while its caller waited: its outcome is worth nothing any more.
    case late
    /// The caller went away.
    case disconnected
}

/// What is to be done after an event of the ledger.
package enum CallAction: Sendable, Equatable {
    /// Tell the caller. The ledger knows nothing of the call any more, but for one that left its job behind.
    case answer(CallToken, CallAnswer)
    /// Look whether the call's job is settled, and report it with `looked`.
    case look(CallToken, JobID)
    /// Cancel the job of this call, whose `answer` follows.
    case cancel(CallToken, JobID)
    /// End the wait for a job that was submitted before.
    case endFollowing(CallToken)
    /// Look for the outcomes of these jobs, which may have been lost on their way here.
    case lookUp([JobID])
    /// Keep the stored outcome for so long: its caller has the job's id and may come for it.
    case keep(JobID, Duration)
    /// Nobody's answer is this outcome.
    case unclaimed(JobID)
    /// Call `advance` then, or when an earlier time is named.
    case wake(at: Timestamp)
}

/// The actions of one event, in their order.
package typealias CallActions = Few<CallAction>
