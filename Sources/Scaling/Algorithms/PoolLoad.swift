import Time

/// What an algorithm sees of one pool: the jobs of the models that name it first, and its workers.
///
/// These have no notion of a second pool, so work never spills: each watches its own deployment.
package struct PoolLoad {
    package var index: Int
    package var name: String
    package var minimum: Int
    package var maximum: Int
    package var waiting = 0.0
    package var inFlight = 0.0
    package var due = 0.0
    package var submitted = 0
    package var oldestWait: Duration?
    package var starting: Int
    package var busy: Int
    package var idle: Int
    /// A worker's seconds for one job in full batches, of the model that has most jobs.
    package var secondsPerJob: Double
    package var startUp: Duration

    package var ready: Int { busy + idle }
    package var total: Int { ready + starting }
    /// Waiting, in workers' hands or due.
    package var ongoing: Double { waiting + inFlight + due }

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
