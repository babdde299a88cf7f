package import Jobs
package import Operations
package import Scaling
package import Time

/// What the scaler's machine asks for. Actions that come together do not depend on each other.
package enum ScalerAction: Sendable, Equatable {
    /// For logs and figures; nothing comes back.
    case note(ScalerNote)
    /// Look again soon.
    case wake

    // MARK: Workers

    /// Answered by `started` or `startFailed`.
    case start(pool: String)
    /// One after the other. Nothing comes back but, later, their ends.
    case drain([String], pool: String)
    /// Answered by `counted` or `countFailed`.
    case scale(CountOrder)
    case kill(String, pool: String)
    /// Give the jobs of a worker that ended back. Answered by `reaped` or `reapFailed`.
    case reap(String, from: [QueueName], ran: LastRuns)
    /// Give back what belongs to workers without a lease, and make due jobs takable. Answered by `leasesEnded`.
    case endLeases(of: [QueueName])

    // MARK: Operators

    /// Answered by `removed`.
    case remove(ControlEntry)
    /// Read the files again, changed or not. Answered by `planned` if that changes anything.
    case readFiles
    case record(DecisionRecording)
    case announce(Decision, seen: Timestamp)
    /// Answered by `arrivalsRefused` where it failed.
    case addArrivals(ArrivalCounter.Batch)
    /// Answered by `usageRefused` where it failed.
    case addUsage([UsageKey: Int64], at: Timestamp)
    /// Look whether another scaler decided since. Answered by `leaderSought`.
    case seekLeader(since: Timestamp)

    // MARK: What can be served

    /// Answered by `poolFaultSaid`.
    case sayPoolFault(ServingFault)
    /// Answered by `poolFaultCleared`.
    case clearPoolFault(pool: String)
    /// Take the fault of a model off, so that it is tried again.
    case retry(ServingFault, because: String)
}

/// Decisions that are worth a record, with all that they were made from.
package struct DecisionRecording: Sendable, Equatable {
    package struct Pool: Sendable, Equatable {
        package var decision: PoolDecision
        /// Whether what is decided is done, too.
        package var isDone: Bool
    }

    package var time: Timestamp
    package var pools: [Pool]
    package var observation: Observation
    package var policy: Policy
    /// Before the decision.
    package var state: PolicyState
}
