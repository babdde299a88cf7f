import Time

/// What a known autoscaler sees of one pool: the jobs of the models that name it first, and its workers.
///
/// The known ones have no notion of a second pool, so work never spills: each watches its own deployment.
struct KnownPool {
    var index: Int
    var name: String
    var minimum: Int
    var maximum: Int
    var waiting = 0.0
    var inFlight = 0.0
    var due = 0.0
    var submitted = 0
    var oldestWait: Duration?
    var starting: Int
    var busy: Int
    var idle: Int
    /// A worker's seconds for one job in full batches, of the model that has most jobs.
    var secondsPerJob: Double
    var startUp: Duration

    var ready: Int { busy + idle }
    var total: Int { ready + starting }
    /// Waiting, in workers' hands or due.
    var ongoing: Double { waiting + inFlight + due }

    init(at index: Int, policy: Policy, observation: PoolObservation, models: [ModelObservation]) {
        let pool = policy.pools[index]
        self.index = index
        name = pool.name
        minimum = pool.minimum
        maximum = pool.maximum
        starting = observation.starting.count
        busy = observation.busy
        idle = observation.idle
        startUp = observation.startUp?.median ?? pool.assumedStartUp
        secondsPerJob = 0
        var most = -1.0
        for (place, model) in policy.models.enumerated() where model.pools.first == pool.name {
            let seen = models.element(named: model.name, near: place, by: \.name) ?? ModelObservation(name: model.name)
            if seen.unservable?.contains(pool.name) == true { continue }
            waiting += Double(seen.waiting)
            inFlight += Double(seen.inFlight)
            due += Double(seen.due)
            submitted += seen.submitted
            if let wait = seen.oldestWait, seen.waiting > 0 { oldestWait = max(oldestWait ?? .zero, wait) }
            let measured = observation.costs.element(named: model.name, near: place, by: \.model)?.cost
            let cost = measured ?? model.assumedCost
            guard Double(seen.waiting + seen.inFlight) > most else { continue }
            most = Double(seen.waiting + seen.inFlight)
            secondsPerJob = cost.secondsPerRow(batchRows: model.maximumRows) * max(seen.rowsPerJob ?? 1, 1e-3)
        }
    }
}

/// What a known autoscaler wants of one pool.
struct KnownWish {
    var count: Int
    /// Before rounding; `nil` between its own looks, when it has nothing to say.
    var exact: Double?
    var guards: [Guard] = []
}

/// A known autoscaler: one file each.
protocol KnownAlgorithm {
    associatedtype Memory: Sendable, Equatable, Codable
    /// The count wanted for `pool` at `now`; called at every look of the scaler, which is oftener than their own.
    func wish(for pool: KnownPool, at now: Timestamp, memory: inout Memory) -> KnownWish
}
