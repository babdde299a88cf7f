package import Time

/// Where workers note what they load and what cannot be served, for gateways, scaler and the workers after them.
/// Implemented on Redis (`RedisQueue.RedisLoadBoard`) and in memory (`TestSupport.ModelLoadBoard`).
package protocol LoadBoard: Sendable {
    /// Everything that is noted, whether it counts now or not.
    func faults() async throws(QueueError) -> ServingFaults

    /// Notes a fault in place of one of the same pool and queue, and tells whoever watches.
    func put(_ fault: ServingFault) async throws(QueueError)

    /// Takes a fault off, with the deaths behind it, and tells whoever watches. `queue` `nil`: that of the whole pool.
    func clear(pool: String, queue: QueueName?) async throws(QueueError)

    /// Says that a load begins: should the worker die before `end`, the load is `lost`.
    func begin(_ load: LoadEntry) async throws(QueueError)

    func end(_ queue: QueueName, at worker: String) async throws(QueueError)

    /// Takes the turn to try a model that workers died with: one worker of the pool at a time, for `life` at most.
    /// - Returns: `false` while another has it.
    func takeTurn(_ queue: QueueName, in pool: String, at worker: String, for life: Duration) async throws(QueueError)
        -> Bool

    /// Gives the turn back if `worker` has it, and tells whoever watches.
    func endTurn(_ queue: QueueName, in pool: String, at worker: String) async throws(QueueError)

    /// Loads whose workers are gone without an `end`. Each is told once, and counts as a death from then on.
    func lost() async throws(QueueError) -> [LostLoad]

    /// Calls `change` after every change of the faults, and whenever some may have been missed, until the calling task is
    /// cancelled.
    func watch(_ change: @escaping @Sendable () -> Void) async
}

/// A load under way.
package struct LoadEntry: Sendable, Equatable, Codable {
    package var worker: String
    package var pool: String
    /// `QueueName.description`.
    package var queue: String
    /// Of the model's files.
    package var stamp: String
    package var began: Timestamp
    /// Nothing else is loaded or run meanwhile: if the worker dies, it is this load's doing.
    package var isAlone: Bool

    package init(
        worker: String, pool: String, queue: String, stamp: String, began: Timestamp, isAlone: Bool
    ) {
        self.worker = worker
        self.pool = pool
        self.queue = queue
        self.stamp = stamp
        self.began = began
        self.isAlone = isAlone
    }
}

/// A load that its worker did not survive.
package struct LostLoad: Sendable, Equatable {
    package var load: LoadEntry
    /// Workers of the pool that died while they loaded these files, this one included; and of those, with nothing else
    /// under way.
    package var deaths: Int
    package var deathsAlone: Int

    package init(load: LoadEntry, deaths: Int, deathsAlone: Int) {
        self.load = load
        self.deaths = deaths
        self.deathsAlone = deathsAlone
    }
}
