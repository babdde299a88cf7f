import Jobs
import Operations
import ScalerCore
import Scaling
import Time

/// What a scaler must never ask for.
extension ScalerWorld {
    mutating func judge(_ action: ScalerAction, after event: ScalerEvent) {
        switch action {
        case .note, .wake, .seekLeader: break
        case .start(let pool): judgeStart(in: pool)
        case .drain(let workers, let pool): judgeDrain(workers, in: pool, after: event)
        case .scale(let order): judge(order)
        case .kill(let worker, let pool): judgeKill(worker, in: pool)
        case .reap(let worker, _, _): judgeReap(worker)
        case .endLeases: if !leads, owed.isEmpty { blame("ends leases without leading", action) }
        case .remove, .readFiles, .record, .announce, .addArrivals, .addUsage, .sayPoolFault, .clearPoolFault, .retry:
            if !leads { blame("acts without leading", action) }
        }
    }

    private mutating func blame(_ sentence: String, _ action: ScalerAction) {
        violations.append("\(sentence): \(action)")
    }

    private func ordering(of pool: String) -> WorkerOrdering? { Self.orderings.first { $0.pool == pool }?.ordering }

    private func maximum(of pool: String) -> Int { plan.pools.first { $0.name == pool }?.maximum ?? 0 }

    private mutating func judgeStart(in pool: String) {
        tally.starts += 1
        if !leads { blame("acts without leading", .start(pool: pool)) }
        if hasStopped { blame("starts after its end", .start(pool: pool)) }
        if ordering(of: pool)?.isOneByOne != true { blame("starts where it does not start", .start(pool: pool)) }
        let there = workers.values.count { $0.pool == pool && !$0.isFrozen && !$0.isAsked && $0.phase != .draining }
        let underWay = (lookFlight + flight).count { $0 == .start(pool: pool) }
        if there + underWay + 1 > maximum(of: pool) {
            blame("starts beyond the maximum of \(maximum(of: pool))", .start(pool: pool))
        }
        if seenControl.pause(of: pool, at: now) != nil { blame("starts in a paused pool", .start(pool: pool)) }
    }

    private mutating func judgeDrain(_ drained: [String], in pool: String, after event: ScalerEvent) {
        let action = ScalerAction.drain(drained, pool: pool)
        tally.drains += drained.count
        if !leads, ordering(of: pool) != .oneByOne(.starter) { blame("acts without leading", action) }
        for worker in drained {
            workers[worker]?.isAsked = true
            let isIdle = reported[worker].map { $0.state == .ready && $0.held == 0 } ?? false
            switch event {
            case .stop: break
            case .read:
                if !seenControl.workers(.leave, at: now).contains(worker) { blame("drains nobody that leaves", action) }
            case .result(.leaderSought):
                tally.handovers += 1
                if leads { blame("hands over while it leads", action) }
                let idle = machine.fleet.idle(in: pool, upTo: .max)
                if !isIdle, !idle.isEmpty { blame("drains a busy one while \(idle) are idle", action) }
            default:
                if !leads { blame("acts without leading", action) }
                if !isIdle { blame("drains a worker that is busy by its report", action) }
                if seenControl.workers(.protect, at: now).contains(worker) { blame("drains a protected one", action) }
            }
        }
        if !seenControl.workers(.protect, at: now).isEmpty { tally.protected += 1 }
    }

    private mutating func judge(_ order: CountOrder) {
        tally.scales += 1
        if !leads { blame("acts without leading", .scale(order)) }
        if ordering(of: order.pool) != .byCount { blame("counts where nobody counts", .scale(order)) }
        let frozen = workers.values.count { $0.pool == order.pool && $0.isFrozen }
        let known = machine.fleet.observation(of: order.pool, unavailable: nil, at: now)
        let figures = machine.lastDecision?.pools.first { $0.pool == order.pool }?.figures
        // Those that are there stay in the count, though there may be fewer by now.
        let there = figures.map { $0.starting + $0.busy + $0.idle } ?? 0
        var limit = max(there, known.starting.count + known.ready)
        if case .decided(let starts, _, _) = order.purpose, starts > 0 { limit = maximum(of: order.pool) }
        if order.count > limit + frozen { blame("orders more than \(limit)", .scale(order)) }
        for worker in order.idle {
            if reported[worker]?.held != 0 { blame("names a busy worker", .scale(order)) }
            if seenControl.workers(.protect, at: now).contains(worker) { blame("names a protected one", .scale(order)) }
        }
        if order.count < known.busy { blame("orders fewer than are busy", .scale(order)) }
    }

    private mutating func judgeKill(_ worker: String, in pool: String) {
        tally.kills += 1
        let action = ScalerAction.kill(worker, pool: pool)
        if !leads, ordering(of: pool) != .oneByOne(.starter) { blame("acts without leading", action) }
        guard !hasStopped, let found = workers[worker] else { return }
        if found.phase != .starting, !found.isFrozen, reporting.contains(worker) {
            blame("kills one that works and reports", action)
        }
    }

    private mutating func judgeReap(_ worker: String) {
        tally.reaps += 1
        let isUnderWay = (lookFlight + flight).contains {
            if case .reap(worker, _, _) = $0 { return true }
            return false
        }
        let action = ScalerAction.reap(worker, from: [], ran: .unknown)
        if workers[worker] != nil || untold[worker] != nil { blame("reaps a live one", action) }
        if owed[worker] == nil { blame("reaps one that was given back", action) }
        if isUnderWay { blame("reaps one twice at a time", action) }
    }
}
