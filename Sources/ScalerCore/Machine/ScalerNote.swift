package import Jobs
package import Operations
package import Scaling
package import Time

/// What the scaler's machine has to say, for logs and figures.
package enum ScalerNote: Sendable, Equatable {
    // MARK: The queue

    case readable(after: Duration)
    case unreadable(String)
    case reaped(worker: String, queue: QueueName, jobs: Int)
    case reapFailed(worker: String, reason: String)

    // MARK: Workers

    /// How long a worker took from its order until it was ready.
    case startUp(pool: String, Duration)
    case silent(worker: String)
    case reportsAgain(worker: String)
    case hung(worker: String, pool: String, phase: Fleet.Phase)
    case ended(WorkerEnd)
    case taken(worker: String, pool: String)

    // MARK: Orders

    case scaleOut(pool: String, reason: String)
    case scaleIn(pool: String, reason: String)
    case started(pool: String, count: Int)
    case startFailed(pool: String, reason: String)
    /// - Parameter isFailedStart: counts as one.
    case countFailed(CountOrder, reason: String, isFailedStart: Bool)
    case ordersGivenUp(pool: String, count: Int)
    case stops(workers: Int)
    case stayed(workers: Int)

    // MARK: Decisions

    case decided(Decision)
    /// In a dry run.
    case notDone(PoolDecision)
    case leads
    case isLed

    // MARK: Operators

    case setByHand(ControlEntry, at: Timestamp)
    case notSetAnyMore(ControlEntry)
    case expired(ControlEntry)
}

/// How a worker ended, and what that means.
package struct WorkerEnd: Sendable, Equatable {
    package enum Meaning: Sendable, Equatable {
        /// It was asked to leave and did.
        case left
        /// It failed, and was ready before.
        case died
        /// It ended before it was ready.
        case failedToStart
    }

    package var worker: String
    package var pool: String
    package var meaning: Meaning
    /// In words.
    package var reason: String
    package var isFailure: Bool
    package var ran: LastRuns
    /// The job that the death counts for.
    package var blamed: JobID?
}
