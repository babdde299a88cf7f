import Time

/// Returns how many workers each pool should have now, and why. Pure: the same arguments give the same decision and
/// the same new state, byte for byte; never throws, whatever the observation holds.
///
/// 1. The models' work, in a worker's seconds, goes to the pools (`Demand`): cheapest per prediction first, spilling.
///    Work whose deadline leaves time for a start is patient, the rest urgent.
/// 2. Per pool each proposer names a count (`Proposals`): deadline, backlog, rate, wake, forecast, calendar, floor. The
///    highest is proposed.
/// 3. Guards change it, each on record: windows and the cost of starting again; busy, starting and protected workers
///    stay; minimum and maximum; back-off, rate limits, pause, override; the budget over all pools.
/// 4. With missing data nothing is scaled in and the wanted count stays.
///
/// The growth per decision has no bound but the maximum unless the operator sets one: a burst gets all its workers at
/// once.
///
/// - Example: 10,000 jobs of 5 ms arrive at no workers, start-up 0.5 s, target wait 1 s, utilization 0.8: 50 s of
///   work, of which each new worker does 0.4 s by the horizon: 125 workers proposed, clipped by the maximum.
/// - Complexity: O(models · pools).
/// - Source: the default rule is Spate's own; its parts name theirs.
package func decide(_ observation: Observation, policy: Policy, state: inout PolicyState) -> Decision {
    state.align(with: policy)
    let isFresh = observation.isFresh(within: policy.staleAfter)
    if let other = policy.algorithm.other {
        return decideByAlgorithm(other, observation, policy: policy, isFresh: isFresh, state: &state)
    }
    let now = observation.time
    let pools = observation.pools(of: policy)
    let arrived =
        isFresh
        ? state.learn(from: observation, pools: pools, policy: policy)
        : Array(repeating: 0, count: policy.models.count)
    let situations = pools.indices.map { index in
        state.pools[index].situation(of: policy.pools[index], seen: pools[index], at: now)
    }
    let demand = Demand(
        observation: observation, policy: policy, state: state, situations: situations, arrived: arrived)
    let decided = situations.indices.map { index in
        let decider = PoolDecider(
            demand: demand.pools[index], situation: situations[index], horizons: demand.horizons[index],
            policy: policy, now: now, isFresh: isFresh)
        return decider.decide(&state.pools[index])
    }
    var decisions = decided.map(\.decision)
    var isAtRisk = decided.map(\.isAtRisk)
    if let perHour = policy.budgetPerHour {
        let budget = Budget(perHour: perHour, demand: demand, situations: situations, isFresh: isFresh)
        for pool in budget.apply(to: &decisions) { isAtRisk[pool] = true }
    }
    for index in decisions.indices { state.pools[index].note(decisions[index], policy: policy.pools[index], at: now) }
    let feasibility = Feasibility(
        observation: observation, demand: demand, situations: situations, decisions: decisions, isAtRisk: isAtRisk)
    return Decision(
        time: now, pools: decisions, unserved: demand.unserved,
        infeasible: isFresh && isAtRisk.contains(true) ? feasibility.infeasible() : [])
}

extension Observation {
    fileprivate func isFresh(within limit: Duration) -> Bool {
        guard let queuesRead, let workersRead else { return false }
        return time - queuesRead <= limit && time - workersRead <= limit
    }
}

extension Observation {
    /// In the order of the policy; a pool that was not seen has nothing.
    func pools(of policy: Policy) -> [PoolObservation] {
        policy.pools.indices.map { index in
            pools.element(named: policy.pools[index].name, near: index, by: \.name)
                ?? PoolObservation(name: policy.pools[index].name)
        }
    }
}

extension PolicyState.Pool {
    mutating func situation(
        of policy: PoolPolicy, seen: PoolObservation, at now: Timestamp
    ) -> PoolSituation {
        backOff.observe(
            succeeded: seen.startsSucceeded, failed: seen.startsFailed, starting: seen.starting.count,
            startUp: (seen.startUp?.median ?? policy.assumedStartUp).seconds, at: now)
        let slowest = slowStarts.observe(seen.starting, at: now)
        return PoolSituation(
            policy: policy, observation: seen, startsAllowed: backOff.startsAllowed(at: now), slowest: slowest)
    }

    /// Remembers what was decided, for the next decision and for rate limits.
    mutating func note(_ decision: PoolDecision, policy: PoolPolicy, at now: Timestamp) {
        wanted = decision.wanted
        if policy.scaleOutLimit != nil { started.note(decision.starts, at: now) } else { started.clear() }
        if policy.scaleInLimit != nil { drained.note(decision.drains, at: now) } else { drained.clear() }
    }
}

extension PolicyState {
    /// Takes in arrival counts and measured costs.
    /// - Returns: the jobs that arrived since the last decision, by model.
    mutating func learn(from observation: Observation, pools: [PoolObservation], policy: Policy) -> [Int] {
        for pool in pools.indices { learnCosts(of: pool, seen: pools[pool].costs, policy: policy) }
        let fast = policy.fastRate.seconds
        let slow = policy.slowRate.seconds
        var arrived = Array(repeating: 0, count: policy.models.count)
        for index in policy.models.indices {
            guard let place = observation.place(of: policy.models[index].name, near: index) else { continue }
            arrived[index] = models[index].arrivals.count(
                submitted: observation.models[place].submitted, at: observation.time, fastConstant: fast,
                slowConstant: slow)
        }
        return arrived
    }

    /// Costs stand in the order of the models, mostly with gaps: each is looked for behind the one before it first.
    private mutating func learnCosts(of pool: Int, seen: [MeasuredCost], policy: Policy) {
        var next = 0
        for place in seen.indices {
            var model = next
            while model < policy.models.count, policy.models[model].name != seen[place].model { model += 1 }
            if model == policy.models.count {
                guard let found = policy.models.firstIndex(where: { $0.name == seen[place].model }) else { continue }
                model = found
            }
            next = model + 1
            guard models[model].costs[pool] != seen[place].cost else { continue }
            models[model].costs[pool] = seen[place].cost
            index.update(model: model, pool: pool, cost: seen[place].cost)
        }
    }
}
