import Jobs
import Operations
import Scaling
import Time

/// What a decision asks of the drivers, step by step.
extension ScalerMachine {
    /// Starts come first: somebody waits for them.
    mutating func plan(_ decision: Decision, _ recording: DecisionRecording?, at now: Timestamp) {
        let single = decision.pools.filter { plan.ordering(of: $0.pool)?.isOneByOne == true }
        for pool in single where pool.starts > 0 {
            agenda.append(.start(pool: pool.pool, count: pool.starts, reason: pool.reason, isFirst: true))
        }
        for pool in single where pool.drains > 0 { agenda.append(.drain(pool)) }
        let counted = decision.pools.filter {
            plan.ordering(of: $0.pool) == .byCount && ($0.starts > 0 || $0.drains > 0 || mustRepeat($0.pool, at: now))
        }
        if !counted.isEmpty { agenda.append(.scale(counted)) }
        agenda.append(.close(recording, decision, seen: sight.read))
    }

    /// What comes next of the last look. Whoever does not lead any more, or ends, has nothing more to ask for.
    mutating func goOn(at now: Timestamp) -> [ScalerAction] {
        guard leads, !isStopping, let step = agenda.first else {
            agenda = []
            return []
        }
        agenda.removeFirst()
        switch step {
        case .start(let pool, let count, let reason, let isFirst):
            if count > 1 { agenda.insert(.start(pool: pool, count: count - 1, reason: reason, isFirst: false), at: 0) }
            return (isFirst ? [.note(.scaleOut(pool: pool, reason: reason))] : []) + [.start(pool: pool)]
        case .drain(let decision): return drain(decision, at: now)
        case .scale(let decisions): return decisions.map { .scale(order($0, at: now)) }
        case .close(let recording, let decision, let seen):
            return (seen.map { [.announce(decision, seen: $0)] } ?? []) + (recording.map { [.record($0)] } ?? [])
        }
    }

    // MARK: Starts

    mutating func noteStart(of worker: String, in pool: String, at now: Timestamp) -> [ScalerAction] {
        fleet.noteStart(worker, in: pool, at: now)
        return []
    }

    mutating func noteStarted(_ worker: String, in pool: String, ordered: Timestamp) -> [ScalerAction] {
        fleet.noteStart(worker, in: pool, at: ordered)
        usage.noteStart(in: pool)
        return [.note(.started(pool: pool, count: 1))]
    }

    /// The rest would fail in the same way; the policy backs off.
    mutating func noteFailedStart(in pool: String, reason: String) -> [ScalerAction] {
        fleet.noteFailedStart(in: pool)
        agenda.removeAll { step in
            if case .start(pool, _, _, _) = step { return true }
            return false
        }
        return [.note(.startFailed(pool: pool, reason: reason))]
    }

    // MARK: Drains

    /// Drains idle workers. One that took work since its last report finishes it: draining never stops a run.
    private mutating func drain(_ decision: PoolDecision, at now: Timestamp) -> [ScalerAction] {
        let protected = control.workers(.protect, at: now)
        let workers = fleet.idle(in: decision.pool, upTo: decision.drains, protected: protected)
        guard !workers.isEmpty else { return [] }
        for worker in workers { fleet.noteLeaving(worker) }
        return [.note(.scaleIn(pool: decision.pool, reason: decision.reason)), .drain(workers, pool: decision.pool)]
    }

    // MARK: Counts

    /// Whether the order stands for 5 s and its workers are not seen: somebody else may have set the count since.
    private func mustRepeat(_ pool: String, at now: Timestamp) -> Bool {
        guard fleet.awaits(in: pool), now - (ordered[pool] ?? .zero) >= .seconds(5) else { return false }
        let isPaused = plan.policy.pools.contains { $0.name == pool && $0.isPaused }
        return !isPaused && control.pause(of: pool, at: now) == nil
    }

    /// As many as there are and are to start, less those that may go.
    private mutating func order(_ decision: PoolDecision, at now: Timestamp) -> CountOrder {
        ordered[decision.pool] = now
        let figures = decision.figures
        let protected = control.workers(.protect, at: now)
        let idle = fleet.idle(in: decision.pool, upTo: decision.drains, of: .oursOrInPods, protected: protected)
        // Who ends is chosen elsewhere: as many go as can be named. One that is frozen is still counted there.
        let silent = fleet.silent.count { fleet.members[$0]?.pool == decision.pool }
        return CountOrder(
            pool: decision.pool,
            count: figures.starting + figures.busy + figures.idle + silent + decision.starts - idle.count, idle: idle,
            purpose: .decided(starts: decision.starts, drains: decision.drains, reason: decision.reason))
    }

    mutating func note(_ order: CountOrder, before: Int, now count: Int, at now: Timestamp) -> [ScalerAction] {
        guard case .decided(_, let drains, let reason) = order.purpose else { return [] }
        // Also where it was set before: what is not seen is on its way, whoever ordered it.
        if drains == 0 { fleet.noteCount(min(order.count, count), of: order.pool, at: now) }
        guard count != before else { return [] }
        guard count > before else { return [.note(.scaleIn(pool: order.pool, reason: reason))] }
        for _ in before..<count { usage.noteStart(in: order.pool) }
        return [
            .note(.scaleOut(pool: order.pool, reason: reason)),
            .note(.started(pool: order.pool, count: count - before)),
        ]
    }

    mutating func noteFailed(_ order: CountOrder, reason: String, isDeposed: Bool) -> [ScalerAction] {
        var isFailedStart = false
        if case .decided(let starts, _, _) = order.purpose { isFailedStart = starts > 0 && !isDeposed }
        if isFailedStart { fleet.noteFailedStart(in: order.pool) }
        return [.note(.countFailed(order, reason: reason, isFailedStart: isFailedStart))]
    }

    /// What a count ordered and nobody saw within the start limit is a failed start each, and is not ordered any more: it
    /// would come at any time, long after others took its work.
    mutating func giveUpOrders(at now: Timestamp) -> [ScalerAction] {
        guard leads else {
            fleet.forgetOrders()
            return []
        }
        let limits = Dictionary(
            plan.pools.map { ($0.name, startLimit(of: $0.name)) }, uniquingKeysWith: { first, _ in first })
        return fleet.giveUpOrders(at: now, limits: limits).flatMap { pool, count -> [ScalerAction] in
            let note = ScalerAction.note(.ordersGivenUp(pool: pool, count: count))
            guard plan.ordering(of: pool) == .byCount else { return [note] }
            let seen = fleet.observation(of: pool, unavailable: nil, at: now)
            return [
                note,
                .scale(CountOrder(pool: pool, count: seen.starting.count + seen.ready, idle: [], purpose: .givenUp)),
            ]
        }
    }
}
