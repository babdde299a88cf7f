package import Jobs

/// What happened to a worker, as its driver tells it.
package enum WorkerEvent: Sendable, Equatable {
    case started(worker: String, pool: String)
    /// - Parameters:
    ///   - reason: how it ended, in words.
    ///   - ran: what it ran at that moment.
    case exited(worker: String, pool: String, reason: String, isFailure: Bool, ran: LastRuns = .unknown)
}
