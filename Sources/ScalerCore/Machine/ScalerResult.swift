package import Jobs
package import Operations
package import Time

/// What came of an action of the scaler's machine.
package enum ScalerResult: Sendable, Equatable {
    case started(worker: String, pool: String, ordered: Timestamp)
    case startFailed(pool: String, reason: String)
    case counted(CountOrder, before: Int, now: Int)
    /// - Parameter isDeposed: this scaler may not act any more, which is no failure of the pool.
    case countFailed(CountOrder, reason: String, isDeposed: Bool)
    case reaped(worker: String, Reaped)
    case reapFailed(worker: String, reason: String)
    /// Leases that ran out were ended: of these workers.
    case leasesEnded([String])
    /// - Parameter wasThere: nobody else had removed it.
    case removed(ControlEntry, wasThere: Bool)
    case poolFaultSaid(pool: String, reason: String, at: Timestamp)
    case poolFaultCleared(pool: String)
    case arrivalsRefused(ArrivalCounter.Batch)
    case usageRefused([UsageKey: Int64])
    /// Whether anybody was seen to decide since this scaler was deposed.
    case leaderSought(isThere: Bool)
}
