import Time

/// What one pool has to do.
struct PoolDemand {
    var waiting = 0.0
    var inFlight = 0.0
    var due = 0.0
    /// A worker's seconds for what waits and is due.
    var work = 0.0
    /// A worker's seconds for what is in workers' hands already; new workers cannot take it over.
    var inFlightWork = 0.0
    /// Jobs per second.
    var arrivalRate = 0.0
    /// Offered load: workers kept busy by the arrivals alone.
    var load = 0.0
    /// Seconds of a full batch, weighted by load.
    var weightedBatchSeconds = 0.0
    var oldestWait: Duration?
    /// Something waits, runs, is due or just arrived.
    var hasWork = false

    /// Seconds that an arrival waits at most for the batch before it.
    var batchSeconds: Double { load > 0 ? weightedBatchSeconds / load : 0 }
}

/// The work of every model, given to the pools.
///
/// Every model goes to the pool that is cheapest per prediction among those that can serve it; what that pool cannot
/// carry at its largest goes on to the model's next pool, and comes back when there is room.
struct Demand {
    private struct Option {
        var model: Int
        var pool: Int
        var secondsPerRow: Double
        var batchSeconds: Double
        var cost: ServiceCost
        var share = 0.0
        /// The next option belongs to the same model and takes what this one cannot.
        var hasNext = false
    }

    private struct ModelWork {
        var observation: ModelObservation
        var batchRows: Int
        var jobsPerSecond: Double
        var arrived: Int
        var rowsPerJob: Double
    }

    private(set) var pools: [PoolDemand]
    private(set) var unserved: [UnservedModel] = []
    private var options: [Option] = []
    private var works: [ModelWork] = []

    /// - Parameters:
    ///   - arrived: jobs submitted since the last decision, by model in the policy's order.
    init(
        observation: Observation, policy: Policy, state: PolicyState, situations: [PoolSituation], arrived: [Int]
    ) {
        pools = Array(repeating: PoolDemand(), count: situations.count)
        works.reserveCapacity(policy.models.count)
        options.reserveCapacity(policy.models.count * 2)
        for (index, model) in policy.models.enumerated() {
            let seen =
                observation.models.element(named: model.name, near: index, by: \.name)
                ?? ModelObservation(name: model.name)
            works.append(
                ModelWork(
                    observation: seen, batchRows: model.maximumRows,
                    jobsPerSecond: state.models[index].arrivals.jobsPerSecond, arrived: arrived[index],
                    rowsPerJob: max(seen.rowsPerJob ?? 1, 1e-3)))
            appendOptions(of: model, at: index, state: state, situations: situations)
            let jobs = seen.waiting + seen.due
            if options.last?.model != index, jobs > 0 {
                unserved.append(UnservedModel(model: model.name, jobs: jobs))
            }
        }
        total()
        spill(situations: situations, policy: policy)
    }

    /// The pools that can serve the model now, cheapest per prediction first; in order of preference where prices are
    /// equal or a speed is not known yet.
    private mutating func appendOptions(
        of model: ModelPolicy, at index: Int, state: PolicyState, situations: [PoolSituation]
    ) {
        let first = options.count
        var isMeasured = true
        for name in model.pools {
            guard let pool = situations.firstIndex(where: { $0.policy.name == name }), situations[pool].isUsable,
                situations[pool].reachable > 0 || isLast(name, of: model, situations: situations)
            else { continue }
            let measured = state.models[index].costs[pool]
            isMeasured = isMeasured && measured != nil
            let cost = measured ?? model.assumedCost
            options.append(
                Option(
                    model: index, pool: pool, secondsPerRow: cost.secondsPerRow(batchRows: model.maximumRows),
                    batchSeconds: cost.batchSeconds(rows: model.maximumRows), cost: cost))
        }
        guard options.count > first else { return }
        if isMeasured, options.count > first + 1 {
            // Stable, so that preference decides between equals.
            let sorted = options[first...].enumerated().sorted { one, other in
                let price = (
                    situations[one.element.pool].policy.pricePerHour * one.element.secondsPerRow,
                    situations[other.element.pool].policy.pricePerHour * other.element.secondsPerRow
                )
                return price.0 == price.1 ? one.offset < other.offset : price.0 < price.1
            }
            options.replaceSubrange(first..., with: sorted.map(\.element))
        }
        options[first].share = 1
        for option in first..<(options.count - 1) { options[option].hasNext = true }
    }

    /// Whether no other pool can take the model's work: then it waits for this one, however often its starts fail.
    private func isLast(_ name: String, of model: ModelPolicy, situations: [PoolSituation]) -> Bool {
        !situations.contains { $0.reachable > 0 && $0.isUsable && model.pools.contains($0.policy.name) }
            && model.pools.first { pool in situations.contains { $0.policy.name == pool && $0.isUsable } } == name
    }

    /// Moves on what a pool cannot carry. As many rounds as pools: so far can work travel.
    private mutating func spill(situations: [PoolSituation], policy: Policy) {
        for _ in 1..<max(situations.count, 1) {
            var hasMoved = false
            let excess = situations.indices.map { pool -> Double in
                let need = Proposals.exactNeed(of: pools[pool], in: situations[pool], policy: policy)
                let reachable = Double(situations[pool].reachable)
                return need > reachable ? 1 - reachable / need : 0
            }
            for index in options.indices where options[index].hasNext && options[index].share > 0 {
                let moved = options[index].share * excess[options[index].pool]
                guard moved > 1e-6 else { continue }
                options[index].share -= moved
                options[index + 1].share += moved
                hasMoved = true
            }
            guard hasMoved else { return }
            total()
        }
    }

    /// Sums up what each pool was given.
    private mutating func total() {
        for pool in pools.indices { pools[pool] = PoolDemand() }
        for option in options where option.share > 0 {
            let work = works[option.model]
            let seen = work.observation
            let rows = work.rowsPerJob
            let share = option.share
            pools[option.pool].add(
                waiting: share * Double(seen.waiting), inFlight: share * Double(seen.inFlight),
                due: share * Double(seen.due), oldestWait: seen.oldestWait)
            let queued = Double(seen.waiting + seen.due) * rows
            pools[option.pool].work += share * option.cost.seconds(for: queued, batchRows: work.batchRows)
            // On average half of what is in workers' hands is done.
            pools[option.pool].inFlightWork += share * Double(seen.inFlight) * rows * option.secondsPerRow / 2
            let load = share * work.jobsPerSecond * rows * option.secondsPerRow
            pools[option.pool].arrivalRate += share * work.jobsPerSecond
            pools[option.pool].load += load
            pools[option.pool].weightedBatchSeconds += load * option.batchSeconds
            if seen.waiting + seen.inFlight + seen.due + work.arrived > 0 { pools[option.pool].hasWork = true }
        }
    }
}

extension PoolDemand {
    fileprivate mutating func add(waiting: Double, inFlight: Double, due: Double, oldestWait: Duration?) {
        self.waiting += waiting
        self.inFlight += inFlight
        self.due += due
        guard waiting > 0, let oldestWait else { return }
        self.oldestWait = max(self.oldestWait ?? .zero, oldestWait)
    }
}

extension Array {
    /// The element of that name: the one at `index` where the orders agree, otherwise searched for.
    func element(named name: String, near index: Int, by key: (Element) -> String) -> Element? {
        if indices.contains(index), key(self[index]) == name { return self[index] }
        return first { key($0) == name }
    }
}
