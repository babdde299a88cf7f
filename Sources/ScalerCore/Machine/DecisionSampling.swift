import Scaling
import Time

/// Which decisions are worth a record.
struct DecisionSampling: Sendable {
    /// A decision that changes nothing is kept this often while there is work.
    private static let interval = Duration.seconds(30)
    private var last: [String: Timestamp] = [:]

    /// The pools that change, and now and then one that does not.
    /// - Parameter isDone: whether what is decided for a pool is done, too.
    mutating func note(_ decision: Decision, isDone: (_ pool: String) -> Bool) -> [DecisionRecording.Pool] {
        decision.pools.compactMap { pool in
            let isDone = isDone(pool.pool)
            guard isWorthARecord(pool, at: decision.time, isDone: isDone) else { return nil }
            last[pool.pool] = decision.time
            return DecisionRecording.Pool(decision: pool, isDone: isDone)
        }
    }

    /// Where nobody starts what is asked for, it is asked for again and again; there only another number is a change.
    private func isWorthARecord(_ pool: PoolDecision, at now: Timestamp, isDone: Bool) -> Bool {
        if isDone ? pool.isChange : pool.before != pool.wanted { return true }
        guard pool.figures.work > .zero || pool.figures.arrivalRate > 0.01 else { return false }
        return last[pool.pool].map { now - $0 >= Self.interval } ?? true
    }
}
