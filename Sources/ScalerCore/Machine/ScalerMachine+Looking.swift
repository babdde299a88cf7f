import Jobs
import Operations
import Scaling
import Time

/// One look: what was seen, and what is decided.
extension ScalerMachine {
    mutating func read(_ reading: ScalerEvent.Reading, _ circumstances: ScalerEvent.Circumstances, at now: Timestamp)
        -> [ScalerAction]
    {
        var actions: [ScalerAction] = []
        if let outage = sight.note(reading.snapshots, reading.reports, at: now) {
            actions.append(.note(.readable(after: outage)))
        }
        let silent = fleet.silent
        for (pool, startUp) in fleet.note(reading.reports, readable: sight.readableSince, at: now) {
            actions.append(.note(.startUp(pool: pool, startUp)))
        }
        actions += silence(since: silent)
        if let newest = reading.control { actions += follow(newest, circumstances, at: now) }
        if leads || (plan.isDryRun && !circumstances.isLed) { actions += count(reading.snapshots, at: now) }
        return actions + lookOn(circumstances, at: now)
    }

    mutating func noteUnreadable(_ reason: String, _ circumstances: ScalerEvent.Circumstances, at now: Timestamp)
        -> [ScalerAction]
    {
        let said: [ScalerAction] = sight.noteFailure(at: now) ? [.note(.unreadable(reason))] : []
        return said + lookOn(circumstances, at: now)
    }

    private mutating func lookOn(_ circumstances: ScalerEvent.Circumstances, at now: Timestamp) -> [ScalerAction] {
        agenda = []
        guard !isStopping else { return [] }
        var actions = noteLeading(at: now)
        actions += giveUpOrders(at: now)
        if sight.readableSince != nil { actions += killHung(at: now) }
        return actions + decide(circumstances, at: now)
    }

    private mutating func decide(_ circumstances: ScalerEvent.Circumstances, at now: Timestamp) -> [ScalerAction] {
        let policy = effectivePolicy(at: now)
        let seen = observation(circumstances, at: now)
        let before = policyState
        let decision = Scaling.decide(seen, policy: policy, state: &policyState)
        lastDecision = decision
        var actions: [ScalerAction] = [.note(.decided(decision))]
        guard leads || plan.isDryRun else { return actions + standBy() }
        let pools = sampling.note(decision) { [plan] in plan.isActedOn($0) }
        let recording =
            pools.isEmpty
            ? nil : DecisionRecording(time: seen.time, pools: pools, observation: seen, policy: policy, state: before)
        if plan.isDryRun {
            actions += pools.map { .note(.notDone($0.decision)) }
            if let recording, !circumstances.isLed { actions.append(.record(recording)) }
            return actions
        }
        if circumstances.faults != nil { actions += sayPoolFaults(circumstances, at: now) }
        plan(decision, recording, at: now)
        return actions
    }

    // MARK: What is decided on

    private func observation(_ circumstances: ScalerEvent.Circumstances, at now: Timestamp) -> Observation {
        let models = zip(plan.models, sight.models(at: now)).map { model, observation in
            var observation = observation
            if let faults = circumstances.faults {
                let unable = faults.unable(
                    toServe: model.queue, of: model.pools, serving: fleet.pools(serving: model.queue), at: now)
                observation.unservable = unable.isEmpty ? nil : unable
            }
            observation.expected = circumstances.expected[model.queue] ?? []
            return observation
        }
        return Observation(
            time: now, queuesRead: sight.read, workersRead: sight.read, models: models,
            pools: plan.pools.map { pool in
                fleet.observation(
                    of: pool.name, unavailable: circumstances.unavailable[pool.name]?.reason,
                    protected: control.workers(.protect, at: now), waiting: heldUpQueues(of: pool), at: now)
            })
    }

    /// The policy that counts now: what is set by hand and what the state of things makes of the files'.
    private func effectivePolicy(at now: Timestamp) -> Policy {
        let isStale = sight.read.map { now - $0 > plan.policy.staleAfter } ?? true
        return withinMaximum(plan.policy).with(control, fallback: plan.fallback, isStale: isStale, at: now)
    }

    /// The queues with waiting jobs, where the scaler starts workers one by one: a worker that a long run of such a queue
    /// holds up does not count, and another one takes its place. Where a count is the order it cannot be told apart.
    private func heldUpQueues(of pool: ScalerPlan.Pool) -> Set<String> { pool.ordering.isOneByOne ? sight.waiting : [] }

    /// The workers that do not count are there all the same: so many fewer may be started.
    private func withinMaximum(_ policy: Policy) -> Policy {
        var policy = policy
        for index in policy.pools.indices {
            guard let pool = plan.pool(policy.pools[index].name) else { continue }
            let heldUp = fleet.heldUp(in: pool.name, beforeAnyOf: heldUpQueues(of: pool))
            guard heldUp > 0 else { continue }
            policy.pools[index].maximum = max(policy.pools[index].maximum - heldUp, 0)
            policy.pools[index].minimum = min(policy.pools[index].minimum, policy.pools[index].maximum)
        }
        return policy
    }
}
