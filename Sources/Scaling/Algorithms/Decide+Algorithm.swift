import Time

/// The decision of an algorithm that goes pool by pool, in the same form as that of the default one. What operators set, what
/// cannot be started and the budget hold for all of them, and workers are drained only while idle, whoever decides.
func decideByAlgorithm(
    _ algorithm: any ScalingAlgorithm, _ observation: Observation, policy: Policy, isFresh: Bool,
    state: inout PolicyState
) -> Decision {
    state.algorithm.align(with: policy)
    let now = observation.time
    let seen = observation.pools(of: policy)
    let situations = policy.pools.indices.map { index in
        state.pools[index].situation(of: policy.pools[index], seen: seen[index], at: now)
    }
    var decisions = policy.pools.indices.map { index in
        let pool = PoolLoad(at: index, policy: policy, observation: seen[index], models: observation.models)
        let before = state.pools[index].wanted
        var wish: PoolWish
        if isFresh {
            wish = state.algorithm.pools[index].wish(of: algorithm, for: pool, at: now)
        } else {
            // None of them acts on a metric that it cannot read.
            wish = PoolWish(count: before ?? pool.total)
            wish.guards = [Guard(kind: .missingData, from: wish.count, to: wish.count)]
        }
        let bounds = PoolBounds(
            situation: situations[index], now: now, isFresh: isFresh, hasWork: pool.ongoing > 0)
        var candidates = wish.exact.map { [Candidate(proposer: .algorithm, count: wish.count, exact: $0)] } ?? []
        if let pinned = bounds.pinned {
            candidates.append(
                Candidate(proposer: .override, count: pinned.count, exact: Double(pinned.count), source: pinned.note))
        }
        var clips = Clips(wanted: wish.count, guards: wish.guards)
        bounds.limit(&clips, staying: 0, backOff: state.pools[index].backOff)
        bounds.limitRates(&clips, state: &state.pools[index])
        bounds.pause(&clips)
        return pool.decision(
            clips, candidates: candidates, before: before, mayLeave: bounds.mayLeave(&state.pools[index].drained),
            situation: situations[index])
    }
    if let perHour = policy.budgetPerHour {
        let arrived = isFresh ? state.learn(from: observation, pools: seen, policy: policy) : nil
        let demand = Demand(
            observation: observation, policy: policy, state: state, situations: situations,
            arrived: arrived ?? Array(repeating: 0, count: policy.models.count))
        _ = Budget(perHour: perHour, demand: demand, situations: situations, isFresh: isFresh).apply(to: &decisions)
    }
    for index in decisions.indices { state.pools[index].note(decisions[index], policy: policy.pools[index], at: now) }
    return Decision(time: now, pools: decisions, unserved: [])
}

extension PoolLoad {
    fileprivate func decision(
        _ clips: Clips, candidates: [Candidate], before: Int?, mayLeave: Int, situation: PoolSituation
    ) -> PoolDecision {
        let wanted = clips.wanted
        let surplus = max(total - wanted, 0)
        var guards = clips.guards
        if surplus > mayLeave, !situation.policy.isPaused {
            guards.append(Guard(kind: .onlyIdleLeave, from: wanted, to: total - mayLeave))
        }
        let work = ongoing * secondsPerJob
        let seen = situation.observation
        return PoolDecision(
            pool: name, wanted: wanted, before: before,
            starts: situation.policy.isPaused ? 0 : max(wanted - total, 0), drains: min(surplus, mayLeave),
            figures: PoolFigures(
                starting: starting, busy: busy, idle: idle, draining: seen.draining, waiting: waiting,
                inFlight: inFlight, due: due, work: .microseconds(work * 1e6), arrivalRate: 0, load: 0,
                oldestWait: oldestWait, startUp: startUp,
                drainTime: work == 0 ? .zero : wanted > 0 ? .microseconds(work / Double(wanted) * 1e6) : nil,
                leaving: seen.leaving > 0 ? seen.leaving : nil,
                costPerHour: situation.policy.pricePerHour > 0
                    ? Double(wanted) * situation.policy.pricePerHour : nil),
            candidates: candidates, guards: guards)
    }
}
