import Time

/// The decision of one of the known autoscalers, in the same form as that of the default one. Workers are drained only
/// while idle, whoever decides.
func decideKnown(_ observation: Observation, policy: Policy, isFresh: Bool, state: inout PolicyState) -> Decision {
    state.known.align(with: policy)
    let decisions = policy.pools.indices.map { index in
        let seen =
            observation.pools.element(named: policy.pools[index].name, near: index, by: \.name)
            ?? PoolObservation(name: policy.pools[index].name)
        let pool = KnownPool(
            at: index, policy: policy, observation: seen, models: observation.models)
        let before = state.known.pools[index].wanted
        var wish: KnownWish
        if isFresh {
            wish = policy.algorithm.wish(for: pool, at: observation.time, state: &state.known.pools[index])
        } else {
            // None of them acts on a metric that it cannot read.
            wish = KnownWish(count: before ?? pool.total)
            wish.guards = [Guard(kind: .missingData, from: wish.count, to: wish.count)]
        }
        wish.count = pool.clamped(wish.count, guards: &wish.guards)
        if let reason = seen.unavailable, wish.count > pool.total {
            wish.guards.append(Guard(kind: .unavailable, from: wish.count, to: pool.total, detail: reason))
            wish.count = pool.total
        }
        state.known.pools[index].wanted = wish.count
        return pool.decision(wish, before: before, isFresh: isFresh, draining: seen.draining)
    }
    return Decision(time: observation.time, pools: decisions, unserved: [])
}

extension Algorithm {
    fileprivate func wish(for pool: KnownPool, at now: Timestamp, state: inout KnownState.Pool) -> KnownWish {
        switch self {
        case .spate: KnownWish(count: state.wanted ?? pool.total)
        case .hpa(let hpa): hpa.wish(for: pool, at: now, memory: &state.hpa)
        case .kedaLag(let keda): keda.wish(for: pool, at: now, memory: &state.kedaLag)
        case .knativeKPA(let kpa): kpa.wish(for: pool, at: now, memory: &state.knativeKPA)
        case .ray(let ray): ray.wish(for: pool, at: now, memory: &state.ray)
        case .awsBacklog(let aws): aws.wish(for: pool, at: now, memory: &state.awsBacklog)
        case .fixed(let fixed): KnownWish(count: fixed.workers ?? pool.maximum)
        case .oracle(let plan): KnownWish(count: plan.wanted(in: pool.name, at: now))
        }
    }
}

extension KnownPool {
    fileprivate func decision(_ wish: KnownWish, before: Int?, isFresh: Bool, draining: Int) -> PoolDecision {
        let surplus = max(total - wish.count, 0)
        var guards = wish.guards
        if isFresh, surplus > idle { guards.append(Guard(kind: .onlyIdleLeave, from: wish.count, to: total - idle)) }
        let work = ongoing * secondsPerJob
        return PoolDecision(
            pool: name, wanted: wish.count, before: before, starts: max(wish.count - total, 0),
            drains: isFresh ? min(surplus, idle) : 0,
            figures: PoolFigures(
                starting: starting, busy: busy, idle: idle, draining: draining, waiting: waiting, inFlight: inFlight,
                due: due, work: .microseconds(work * 1e6), arrivalRate: 0, load: 0, oldestWait: oldestWait,
                startUp: startUp,
                drainTime: work == 0
                    ? .zero : wish.count > 0 ? .microseconds(work / Double(wish.count) * 1e6) : nil),
            candidates: wish.exact.map { [Candidate(proposer: .algorithm, count: wish.count, exact: $0)] } ?? [],
            guards: guards)
    }
}
