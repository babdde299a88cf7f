package import Time

/// What the scaler saw at one moment: the whole input of a decision beside policy and state.
///
/// Models and pools stand in the order of the policy; then `decide` finds each at once, in any other order it
/// searches. Recorded and fed back with the same policy and state, it yields the same decision byte for byte.
package struct Observation: Sendable, Equatable, Codable {
    package var time: Timestamp
    /// When the queues were last read; `nil`: never. Older than `Policy.staleAfter`, nothing is scaled in.
    package var queuesRead: Timestamp?
    /// When the workers' reports were last read; `nil`: never.
    package var workersRead: Timestamp?
    package var models: [ModelObservation]
    package var pools: [PoolObservation]

    package init(
        time: Timestamp, queuesRead: Timestamp?, workersRead: Timestamp?, models: [ModelObservation],
        pools: [PoolObservation]
    ) {
        self.time = time
        self.queuesRead = queuesRead
        self.workersRead = workersRead
        self.models = models
        self.pools = pools
    }
}

/// The queue of one model version.
package struct ModelObservation: Sendable, Equatable, Codable {
    package var name: String
    package var waiting: Int
    /// Jobs in workers' hands.
    package var inFlight: Int
    /// Jobs that become takable later (retries with back-off).
    package var due: Int
    /// Jobs ever submitted; differences over time give the arrival rate.
    package var submitted: Int
    /// How long the oldest waiting job has waited.
    package var oldestWait: Duration?
    /// Measured; `nil`: one row a job is assumed.
    package var rowsPerJob: Double?

    package init(
        name: String, waiting: Int = 0, inFlight: Int = 0, due: Int = 0, submitted: Int = 0,
        oldestWait: Duration? = nil, rowsPerJob: Double? = nil
    ) {
        self.name = name
        self.waiting = waiting
        self.inFlight = inFlight
        self.due = due
        self.submitted = submitted
        self.oldestWait = oldestWait
        self.rowsPerJob = rowsPerJob
    }
}

/// The workers of one pool.
package struct PoolObservation: Sendable, Equatable, Codable {
    package var name: String
    /// Why no worker of the pool can be started (for example that no GPU is present); `nil`: they can.
    package var unavailable: String?
    /// The age of each worker that is not ready yet.
    package var starting: [Duration]
    /// Ready workers that hold jobs. Never chosen for scale-in.
    package var busy: Int
    /// Ready workers that hold none.
    package var idle: Int
    package var draining: Int
    /// Measured time from start to ready; `nil` until a worker became ready.
    package var startUp: StartUpTime?
    /// Workers that ever became ready, and that ended before they did. Only increases count.
    package var startsSucceeded: Int
    package var startsFailed: Int
    /// What its workers measured, by model.
    package var costs: [MeasuredCost]

    package var ready: Int { busy + idle }

    package init(
        name: String, unavailable: String? = nil, starting: [Duration] = [], busy: Int = 0, idle: Int = 0,
        draining: Int = 0, startUp: StartUpTime? = nil, startsSucceeded: Int = 0, startsFailed: Int = 0,
        costs: [MeasuredCost] = []
    ) {
        self.name = name
        self.unavailable = unavailable
        self.starting = starting
        self.busy = busy
        self.idle = idle
        self.draining = draining
        self.startUp = startUp
        self.startsSucceeded = startsSucceeded
        self.startsFailed = startsFailed
        self.costs = costs
    }
}

/// How long the workers of a pool take from start to ready.
package struct StartUpTime: Sendable, Equatable, Codable {
    package var median: Duration
    /// 95 of 100 are not slower.
    package var slow: Duration

    package init(median: Duration, slow: Duration) {
        self.median = median
        self.slow = slow
    }
}

package struct MeasuredCost: Sendable, Equatable, Codable {
    package var model: String
    package var cost: ServiceCost

    package init(model: String, cost: ServiceCost) {
        self.model = model
        self.cost = cost
    }
}
