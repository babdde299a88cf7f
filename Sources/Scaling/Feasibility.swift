import Time

/// Says which deadlines cannot be kept with what was decided: which model and class, how many jobs, by how much, and why.
struct Feasibility {
    let observation: Observation
    let demand: Demand
    let situations: [PoolSituation]
    let decisions: [PoolDecision]
    /// By pool; where no deadline can be missed, nothing is looked for.
    let isAtRisk: [Bool]

    func infeasible() -> [InfeasibleDeadline] {
        var found: [InfeasibleDeadline] = []
        for model in demand.works.indices
        where demand.works[model].deadline < .infinity && demand.works[model].waiting > 0 {
            for option in demand.index.first[model]..<demand.index.first[model + 1]
            where demand.shares[option] > 0 && demand.modes[option] != .slow
                && isAtRisk[demand.index.options[option].pool]
            {
                if let entry = check(model, on: option) {
                    found.append(entry)
                    break
                }
            }
        }
        return found
    }

    /// Compares the work with the whole deadline, without the margins that planning keeps, and starts by their median.
    private func check(_ model: Int, on option: Int) -> InfeasibleDeadline? {
        let work = demand.works[model]
        let cost = demand.index.options[option]
        let pool = cost.pool
        let situation = situations[pool]
        let slack = work.deadline - ModelWork.effective(work.deadline, batchSeconds: cost.batchSeconds)
        let power = Power(situation: situation, starts: decisions[pool].starts, taken: demand.pools[pool].inFlightWork)
        var late = 0.0
        var lateAt = 0.0
        if demand.modes[option] == .urgent {
            late = max(demand.pools[pool].urgentWork - power.done(by: work.deadline), 0)
            lateAt = work.deadline
        } else {
            for place in 0..<Horizons.count {
                let horizon = min(demand.horizons[pool].seconds[place], demand.pools[pool].lastDue)
                let missing = demand.pools[pool].dueBy[place] - power.done(by: horizon + slack)
                if missing > late {
                    late = missing
                    lateAt = horizon + slack
                }
                if horizon >= demand.pools[pool].lastDue { break }
            }
        }
        let perJob = work.rowsPerJob * cost.secondsPerRow
        // Half a job is rounding.
        guard late > max(perJob / 2, 1e-6) else { return nil }
        let jobs = min(late / perJob, work.waiting)
        let workers = Double(max(decisions[pool].wanted, 1))
        var lateBy = late / workers
        if situation.ready == 0 {
            lateBy += max((situation.startingRemaining.min() ?? power.startUp) - lateAt, 0)
        }
        let part = firstDue(of: model)
        return InfeasibleDeadline(
            model: demand.index.models[model].name, name: part?.name,
            deadline: .microseconds((part?.deadline ?? work.deadline) * 1e6),
            jobs: Int(max(jobs.rounded(.up), 1)), lateBy: .microseconds(lateBy * 1e6), cause: cause(pool))
    }

    /// The class whose jobs are due first, where the model's classes have deadlines of their own.
    private func firstDue(of model: Int) -> (name: JobClass, deadline: Double)? {
        let deadlines = demand.index.deadlines[(model * 3)..<(model * 3 + 3)]
        guard Set(deadlines).count > 1, let place = demand.works[model].place else { return nil }
        var first: (name: JobClass, deadline: Double, due: Double)?
        for part in observation.models[place].classes where part.waiting > 0 {
            let deadline = demand.index.deadlines[model * 3 + part.name.rank]
            let due = deadline - (part.oldestWait?.inSeconds ?? 0)
            if due < first?.due ?? .infinity { first = (part.name, deadline, due) }
        }
        return first.map { ($0.name, $0.deadline) }
    }

    private func cause(_ pool: Int) -> InfeasibleDeadline.Cause {
        let kinds = decisions[pool].guards.map(\.kind)
        if kinds.contains(.unavailable) || kinds.contains(.startBackOff) { return .unavailable }
        if kinds.contains(.budget) { return .budget }
        if kinds.contains(.maximum) || decisions[pool].wanted >= situations[pool].policy.maximum { return .maximum }
        return .startUp
    }
}

/// What ready, starting and now started workers do, starts by their median.
private struct Power {
    var ready: Double
    var remaining: [Double]
    var starts: Double
    var startUp: Double
    var taken: Double

    init(situation: PoolSituation, starts: Int, taken: Double) {
        ready = Double(situation.ready)
        remaining = situation.startingRemaining
        self.starts = Double(starts)
        startUp = situation.startUp.median.inSeconds
        self.taken = taken
    }

    /// Seconds of work by `horizon`.
    func done(by horizon: Double) -> Double {
        var done = ready * max(horizon, 0) - taken + starts * max(horizon - startUp, 0)
        for remaining in remaining { done += max(horizon - remaining, 0) }
        return max(done, 0)
    }
}
