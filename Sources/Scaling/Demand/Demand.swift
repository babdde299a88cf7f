import Time

/// The work of every model, given to the pools.
///
/// Every model goes to the pool that is cheapest per prediction among those that can start a worker within its deadline;
/// what that pool cannot carry at its largest goes on to the model's next pool, and comes back when there is room. A
/// cheaper pool whose starts take longer than the deadline carries what its workers can, and is grown by the load that
/// lasts.
struct Demand {
    enum Mode { case unusable, patient, urgent, slow }

    /// What is asked of a pool again and again, without its names and lists.
    struct Brief {
        var isUsable: Bool
        /// As the situation says, and no more than the budget leaves to this pool.
        var reachable: Int
        var total: Double
        var plannedStart: Double
    }

    var pools: [PoolDemand]
    private(set) var unserved: [UnservedModel] = []
    private(set) var works: [ModelWork] = []
    let horizons: [Horizons]
    let index: PolicyIndex
    /// By option of the index.
    private(set) var shares: [Double]
    private(set) var modes: [Mode]
    let briefs: [Brief]
    /// The pools' due curves, `Horizons.count` a pool: what is added at a horizon and from there on per second.
    var steps: [Double] = []
    var slopes: [Double] = []
    private let targetWait: Double
    let utilization: Double

    /// - Parameters:
    ///   - arrived: jobs submitted since the last decision, by model in the policy's order.
    init(
        observation: Observation, policy: Policy, state: PolicyState, situations: [PoolSituation], arrived: [Int]
    ) {
        index = state.index
        horizons = situations.map { Horizons(plannedStart: $0.plannedStart) }
        pools = situations.map { _ in PoolDemand() }
        let money = policy.budgetPerHour.map { max($0 - Budget.spent(situations), 0) }
        briefs = situations.map {
            Brief(
                isUsable: $0.isUsable, reachable: min($0.reachable, $0.affordable(with: money)),
                total: Double($0.total), plannedStart: $0.plannedStart)
        }
        shares = Array(repeating: 0, count: index.options.count)
        modes = Array(repeating: .unusable, count: index.options.count)
        targetWait = max(policy.targetWait.inSeconds, 1e-3)
        utilization = min(max(policy.targetUtilization, 0.01), 1)
        works.reserveCapacity(index.models.count)
        var left = briefs.map(\.total)
        let fastConstant = policy.fastRate.inSeconds
        for model in index.models.indices {
            works.append(Self.work(of: model, in: observation, state: state, arrived: arrived, fast: fastConstant))
            classify(model, observation)
            share(model, left: &left)
        }
        sum(observation)
        spill(observation: observation, situations: situations, policy: policy)
        noteExpected(observation)
    }

    private static func work(
        of model: Int, in observation: Observation, state: PolicyState, arrived: [Int], fast: Double
    ) -> ModelWork {
        var work = ModelWork()
        work.batchRows = Double(state.index.models[model].maximumRows)
        work.deadline = state.index.tightest[model]
        work.arrived = arrived[model]
        let rate = state.models[model].arrivals
        work.jobsPerSecond = rate.jobsPerSecond
        work.likelyRate = rate.estimate(fastConstant: fast)
        work.lastingRate = min(rate.fast, rate.slow)
        guard let place = observation.place(of: state.index.models[model].name, near: model) else { return work }
        work.place = place
        work.waiting = Double(max(observation.models[place].waiting, 0))
        work.inFlight = Double(max(observation.models[place].inFlight, 0))
        work.due = Double(max(observation.models[place].due, 0))
        work.rowsPerJob = max(observation.models[place].rowsPerJob ?? 1, 1e-3)
        if let oldest = observation.models[place].oldestWait, work.waiting > 0 {
            work.oldestWait = oldest
            work.oldest = max(oldest.inSeconds, 0)
        }
        if work.deadline == .infinity, let last = observation.models[place].soonestDeadlines.last {
            // The job that came last has most of its own deadline left.
            work.deadline = max(last.within.inSeconds, 0)
        }
        return work
    }

    /// Which pools can keep the model's deadline by starting workers.
    private mutating func classify(_ model: Int, _ observation: Observation) {
        let unservable = works[model].place.flatMap { observation.models[$0].unservable } ?? []
        let range = index.first[model]..<index.first[model + 1]
        var hasPatient = false
        var fallback: Int?
        var isNoneReachable = true
        for option in range {
            let pool = index.options[option].pool
            guard briefs[pool].isUsable, !unservable.contains(index.pools[pool].name) else { continue }
            if briefs[pool].reachable > 0 {
                isNoneReachable = false
                modes[option] = mode(of: model, on: option)
            } else if fallback.map({ isPreferred(option, to: $0, of: model) }) ?? true {
                fallback = option
            }
            if modes[option] == .patient { hasPatient = true }
        }
        if isNoneReachable, let fallback {
            // It waits for this one, however often its starts fail.
            modes[fallback] = mode(of: model, on: fallback)
        } else if hasPatient {
            for option in range where modes[option] == .urgent { modes[option] = .slow }
        } else if isNoneReachable, works[model].waiting + works[model].due > 0 {
            unserved.append(
                UnservedModel(model: index.models[model].name, jobs: Int(works[model].waiting + works[model].due)))
        }
    }

    private func isPreferred(_ option: Int, to other: Int, of model: Int) -> Bool {
        let names = index.models[model].pools
        let place = { (option: Int) in names.firstIndex(of: index.pools[index.options[option].pool].name) ?? 0 }
        return place(option) < place(other)
    }

    private func mode(of model: Int, on option: Int) -> Mode {
        guard works[model].deadline < .infinity else { return .urgent }
        let left = ModelWork.effective(works[model].deadline, batchSeconds: index.options[option].batchSeconds)
        return left >= briefs[index.options[option].pool].plannedStart + 2 ? .patient : .urgent
    }

    /// The whole model to its first pool, less what workers of cheaper pools with slow starts do meanwhile.
    private mutating func share(_ model: Int, left: inout [Double]) {
        var remaining = 1.0
        for option in index.first[model]..<index.first[model + 1] {
            switch modes[option] {
            case .unusable: continue
            case .patient, .urgent:
                shares[option] = remaining
                return
            case .slow:
                let pool = index.options[option].pool
                let load = works[model].likelyRate * works[model].rowsPerJob * index.options[option].secondsPerRow
                let span = max(
                    ModelWork.effective(works[model].deadline, batchSeconds: index.options[option].batchSeconds), 1)
                let work = index.options[option].seconds(
                    for: works[model].queuedRows, batchRows: works[model].batchRows)
                let busy = load + work / span
                guard busy > 0 else { continue }
                shares[option] = remaining * min(left[pool] / busy, 1)
                left[pool] = max(left[pool] - busy * shares[option], 0)
                remaining -= shares[option]
            }
        }
    }

    /// Moves on what a pool cannot carry. As many rounds as pools: so far can work travel.
    private mutating func spill(observation: Observation, situations: [PoolSituation], policy: Policy) {
        guard situations.count > 1 else { return }
        for _ in 1..<situations.count {
            var hasMoved = false
            let excess = situations.indices.map { pool -> Double in
                let need = Proposals.exactNeed(
                    of: pools[pool], in: situations[pool], horizons: horizons[pool], policy: policy)
                let reachable = Double(briefs[pool].reachable)
                return need > reachable ? 1 - reachable / need : 0
            }
            guard excess.contains(where: { $0 > 0 }) else { return }
            for model in works.indices {
                let range = index.first[model]..<index.first[model + 1]
                for option in range where shares[option] > 0 && modes[option] != .slow {
                    let moved = shares[option] * excess[index.options[option].pool]
                    guard moved > 1e-6, let next = nextOption(after: option, in: range) else { continue }
                    shares[option] -= moved
                    shares[next] += moved
                    hasMoved = true
                }
            }
            guard hasMoved else { return }
            sum(observation)
        }
    }

    private func nextOption(after option: Int, in range: Range<Int>) -> Int? {
        (option + 1..<max(range.upperBound, option + 1)).first { modes[$0] != .unusable }
    }

    /// Sums up what each pool was given.
    private mutating func sum(_ observation: Observation) {
        for pool in pools.indices { pools[pool] = PoolDemand() }
        steps = Array(repeating: 0, count: (Horizons.count + 1) * pools.count)
        slopes = steps
        for model in works.indices {
            var price: Double?
            for option in (index.first[model]..<index.first[model + 1]).reversed() {
                switch modes[option] {
                case .unusable: continue
                case .slow: addBase(of: model, on: option, besidePrice: price)
                case .patient, .urgent: price = index.options[option].isMeasured ? index.options[option].price : nil
                }
            }
            let isIdle = !works[model].hasWork && works[model].jobsPerSecond == 0
            for option in index.first[model]..<index.first[model + 1] where shares[option] > 0 {
                if modes[option] == .patient { pools[index.options[option].pool].isPatient = true }
                if isIdle { continue }
                add(model, on: option, observation)
            }
        }
        for pool in pools.indices where pools[pool].isPatient { pools[pool].dueBy = dueCurve(of: pool) }
    }

    /// What a pool with slow starts would carry in the long run: all of the model's lasting load where it is cheaper than
    /// the pool that keeps the deadline, what spilled to it elsewhere.
    private mutating func addBase(of model: Int, on option: Int, besidePrice price: Double?) {
        let pool = index.options[option].pool
        let load = works[model].lastingRate * works[model].rowsPerJob * index.options[option].secondsPerRow
        guard load > 0 else { return }
        if works[model].hasWork { pools[pool].hasWork = true }
        if let price, price > index.options[option].price {
            pools[pool].baseLoad += load
            pools[pool].baseThreshold = max(pools[pool].baseThreshold, index.options[option].price / price)
        } else if price == nil || shares[option] > 0 {
            pools[pool].spilledLoad += load * shares[option]
        }
    }

    private mutating func add(_ model: Int, on option: Int, _ observation: Observation) {
        let work = works[model]
        let cost = index.options[option]
        let share = shares[option]
        let pool = cost.pool
        // Few rows among many workers form small batches.
        let formed = min(max(work.queuedRows / max(briefs[pool].total, 1), 1), work.batchRows)
        let queued = share * cost.seconds(for: work.queuedRows, batchRows: formed)
        let load = share * work.jobsPerSecond * work.rowsPerJob * cost.secondsPerRow
        pools[pool].waiting += share * work.waiting
        pools[pool].inFlight += share * work.inFlight
        pools[pool].due += share * work.due
        pools[pool].work += queued
        // On average half of what is in workers' hands is done.
        pools[pool].inFlightWork += share * work.inFlight * work.rowsPerJob * cost.secondsPerRow / 2
        pools[pool].arrivalRate += share * work.jobsPerSecond
        pools[pool].load += load
        if work.hasWork { pools[pool].hasWork = true }
        if let oldest = work.oldestWait { pools[pool].oldestWait = max(pools[pool].oldestWait ?? .zero, oldest) }
        switch modes[option] {
        case .unusable, .slow: return
        case .urgent:
            pools[pool].urgentWork += queued
            pools[pool].urgentLoad += load
            pools[pool].weightedBatchSeconds += load * cost.batchSeconds
            let hasDeadline = work.deadline < .infinity
            if hasDeadline, queued > 0 { pools[pool].isUrgentDue = true }
            let wait =
                hasDeadline
                ? max(ModelWork.effective(work.deadline, batchSeconds: cost.batchSeconds), 0.05) : targetWait
            pools[pool].urgentWait = min(pools[pool].urgentWait, wait)
            let planned = hasDeadline ? max(utilization, 0.9) : utilization
            pools[pool].urgentUtilization = min(pools[pool].urgentUtilization, planned)
        case .patient:
            let likely = share * work.likelyRate * work.rowsPerJob * cost.secondsPerRow
            pools[pool].patientLoad += likely
            addDue(model, queued: queued, load: likely, batchSeconds: cost.batchSeconds, pool: pool, observation)
        }
    }
}

extension Observation {
    /// The place of the model of that name: at `index` where the orders agree, otherwise searched for.
    func place(of name: String, near index: Int) -> Int? {
        if index < models.count, models[index].name == name { return index }
        return models.firstIndex { $0.name == name }
    }
}

extension Array {
    /// The element of that name: the one at `index` where the orders agree, otherwise searched for.
    func element(named name: String, near index: Int, by key: (Element) -> String) -> Element? {
        if indices.contains(index), key(self[index]) == name { return self[index] }
        return first { key($0) == name }
    }
}
