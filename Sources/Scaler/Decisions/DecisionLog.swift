import Scaling
import Time

/// The last 1,000 records, and which decisions are worth one.
package struct DecisionLog: Sendable {
    private static let limit = 1_000
    /// A decision that changes nothing is kept this often while there is work.
    private static let sampleInterval = Duration.seconds(30)
    private var records: [DecisionRecord] = []
    private var lastSample: [String: Timestamp] = [:]

    package init() {}

    /// Records of the pools that change, and now and then of one that does not.
    /// - Parameter isDone: whether what is decided for a pool is done, too.
    mutating func note(_ decision: Decision, isDone: (_ pool: String) -> Bool) -> [DecisionRecord] {
        let new = decision.pools.filter { isWorthARecord($0, at: decision.time, isDone: isDone($0.pool)) }.map { pool in
            lastSample[pool.pool] = decision.time
            return DecisionRecord(pool, at: decision.time, isDone: isDone(pool.pool))
        }
        records.append(contentsOf: new)
        if records.count > Self.limit { records.removeFirst(records.count - Self.limit) }
        return new
    }

    /// Newest first.
    package func newest(_ count: Int) -> [DecisionRecord] { Array(records.suffix(max(count, 0)).reversed()) }

    /// Where nobody starts what is asked for, it is asked for again and again; there only another number is a change.
    private func isWorthARecord(_ pool: PoolDecision, at now: Timestamp, isDone: Bool) -> Bool {
        if isDone ? pool.isChange : pool.before != pool.wanted { return true }
        guard pool.figures.work > .zero || pool.figures.arrivalRate > 0.01 else { return false }
        return lastSample[pool.pool].map { now - $0 >= Self.sampleInterval } ?? true
    }
}
