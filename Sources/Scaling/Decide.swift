import Time

/// Returns how many workers each pool should have now, and why. Pure: the same arguments give the same decision and
/// the same new state, byte for byte; never throws, whatever the observation holds.
///
/// 1. The models' work, in a worker's seconds, goes to the pools (`Demand`): cheapest per prediction first, spilling.
/// 2. Per pool each proposer names a count (`Proposals`): backlog, rate, wake, floor. The highest is proposed.
/// 3. Guards change it, each on record: a rise that only the rate wants must be seen twice; fewer workers must have
///    been enough for a window; busy and starting workers stay; minimum and maximum; back-off after failed starts.
/// 4. With missing data nothing is scaled in and the wanted count stays.
///
/// The growth per decision has no bound but the maximum: a burst gets all its workers at once.
///
/// - Example: 10,000 jobs of 5 ms arrive at no workers, start-up 0.5 s, target wait 1 s, utilization 0.8: 50 s of
///   work, of which each new worker does 0.4 s by the horizon: 125 workers proposed, clipped by the maximum.
/// - Complexity: O(models · pools).
/// - Source: the default rule is Spate's own; its parts name theirs.
package func decide(_ observation: Observation, policy: Policy, state: inout PolicyState) -> Decision {
    state.align(with: policy)
    let now = observation.time
    let isFresh = observation.isFresh(within: policy.staleAfter)
    var arrived = Array(repeating: 0, count: policy.models.count)
    let pools = policy.pools.enumerated().map { index, pool in
        observation.pools.element(named: pool.name, near: index, by: \.name) ?? PoolObservation(name: pool.name)
    }
    if isFresh { arrived = state.learn(from: observation, pools: pools, policy: policy) }
    let situations = pools.indices.map { index in
        state.pools[index].backOff.observe(
            succeeded: pools[index].startsSucceeded, failed: pools[index].startsFailed, at: now)
        return PoolSituation(
            policy: policy.pools[index], observation: pools[index],
            startsAllowed: state.pools[index].backOff.startsAllowed(at: now))
    }
    let demand = Demand(
        observation: observation, policy: policy, state: state, situations: situations, arrived: arrived)
    let decisions = situations.indices.map { index in
        let decider = PoolDecider(
            demand: demand.pools[index], situation: situations[index], policy: policy, now: now, isFresh: isFresh)
        return decider.decide(&state.pools[index])
    }
    return Decision(time: now, pools: decisions, unserved: demand.unserved)
}

extension Observation {
    fileprivate func isFresh(within limit: Duration) -> Bool {
        guard let queuesRead, let workersRead else { return false }
        return time - queuesRead <= limit && time - workersRead <= limit
    }
}

extension PolicyState {
    /// Takes in arrival counts and measured costs.
    /// - Returns: the jobs that arrived since the last decision, by model.
    fileprivate mutating func learn(from observation: Observation, pools: [PoolObservation], policy: Policy) -> [Int] {
        let fast = policy.fastRate.seconds
        let slow = policy.slowRate.seconds
        return policy.models.enumerated().map { index, model in
            for pool in pools.indices {
                if let measured = pools[pool].costs.element(named: model.name, near: index, by: \.model) {
                    models[index].costs[pool] = measured.cost
                }
            }
            guard let seen = observation.models.element(named: model.name, near: index, by: \.name) else { return 0 }
            return models[index].arrivals.count(
                submitted: seen.submitted, at: observation.time, fastConstant: fast, slowConstant: slow)
        }
    }
}
