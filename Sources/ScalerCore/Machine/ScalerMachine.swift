import Jobs
import Operations
package import Scaling
package import Time

/// Decides what a scaler does: a value that is told what happened, and when, and answers with actions.
///
/// Whoever drives it reads the queues, hands events in, carries the actions out and hands their results back; between
/// two events nothing of it changes. A look goes like this:
///
/// | event | what comes back |
/// |---|---|
/// | `read` or `unreadable` | what cannot wait: hung workers killed, orders given up, workers drained that are taken away, counts |
/// | `goOn`, once those are done | one start |
/// | `goOn`, once it is answered | the next start, and so on; after a failed one none of that pool |
/// | `goOn` | drains; then counts; then what is to be recorded |
///
/// With each event comes whether this scaler leads at that moment. One that does not asks for nothing but what is its own
/// business: the jobs of its own workers that ended, and the drains of workers that nobody else can end.
package struct ScalerMachine: Sendable {
    package internal(set) var plan: ScalerPlan
    package internal(set) var fleet = Fleet()
    package internal(set) var sight: QueueSight
    package internal(set) var lastDecision: Decision?
    /// As of the last event.
    package private(set) var leads = false
    package internal(set) var isStopping = false
    /// What operators have set.
    var control = ControlState()
    var policyState = PolicyState()
    var sampling = DecisionSampling()
    var arrivals = ArrivalCounter()
    var usage = UsageMeter()
    var serving = ServingNotes()
    /// What the last look still asks for, the next first.
    var agenda: [Step] = []
    /// When this scaler was seen not to lead any more; `nil` while it leads.
    var deposed: Timestamp?
    var handovers: [String: Handover] = [:]
    /// Workers that ended and whose jobs were not given back yet.
    var unreaped: [String: Unreaped] = [:]
    /// When a pool's count was last ordered.
    var ordered: [String: Timestamp] = [:]
    /// What was asked of an earlier scaler does not count.
    let began: Timestamp

    package init(_ plan: ScalerPlan, at now: Timestamp) {
        self.plan = plan
        began = now
        sight = QueueSight(queues: plan.queues)
    }

    /// - Parameters:
    ///   - now: the cluster's common time.
    ///   - leads: whether this scaler may act at this moment.
    package mutating func handle(_ event: ScalerEvent, at now: Timestamp, leads: Bool) -> [ScalerAction] {
        self.leads = leads && !plan.isDryRun
        return switch event {
        case .read(let reading, let circumstances): read(reading, circumstances, at: now)
        case .unreadable(let reason, let circumstances): noteUnreadable(reason, circumstances, at: now)
        case .worker(.started(let worker, let pool)): noteStart(of: worker, in: pool, at: now)
        case .worker(.exited(let worker, let pool, let reason, let isFailure, let ran)):
            noteEnd(of: worker, in: pool, reason: reason, isFailure: isFailure, ran: ran)
        case .second: reapAll()
        case .planned(let plan): follow(plan)
        case .term: []
        case .goOn: goOn(at: now)
        case .ending: noteEnding()
        case .stop: stop()
        case .drainTimeOver: killStayed()
        case .finish: finishCounting(at: now)
        case .faultsSeen(let faults): note(faults)
        case .retryAsked(let faults): retry(faults)
        case .result(let result): note(result, at: now)
        }
    }

    private mutating func note(_ result: ScalerResult, at now: Timestamp) -> [ScalerAction] {
        switch result {
        case .started(let worker, let pool, let ordered): return noteStarted(worker, in: pool, ordered: ordered)
        case .startFailed(let pool, let reason): return noteFailedStart(in: pool, reason: reason)
        case .counted(let order, let before, let count): return note(order, before: before, now: count, at: now)
        case .countFailed(let order, let reason, let isDeposed):
            return noteFailed(order, reason: reason, isDeposed: isDeposed)
        case .reaped(let worker, let reaped): return note(reaped, of: worker)
        case .reapFailed(let worker, let reason): return noteFailedReap(of: worker, reason: reason)
        case .leasesEnded(let workers): return workers.isEmpty ? [] : [.wake]
        case .removed(let entry, let wasThere): return noteRemoved(entry, wasThere: wasThere)
        case .leaderSought(let isThere): return handOver(hasLeader: isThere, at: now)
        case .poolFaultSaid(let pool, let reason, let time): serving.pools[pool] = .said(reason, at: time)
        case .poolFaultCleared(let pool): serving.pools[pool] = .cleared
        case .arrivalsRefused(let batch): arrivals.putBack(batch, at: now)
        case .usageRefused(let amounts): usage.putBack(amounts)
        }
        return []
    }

    /// Whether anything waits, runs, starts or leaves.
    package var isMoving: Bool {
        sight.hasWork || !unreaped.isEmpty || fleet.members.values.contains { $0.phase != .ready }
    }

    /// Whether the last look asks for more, once what it asked for so far is done.
    package var asksForMore: Bool { !agenda.isEmpty }

    /// Settings as they are now. What was decided by others is not begun any more: the next look decides anew.
    private mutating func follow(_ plan: ScalerPlan) -> [ScalerAction] {
        self.plan = plan
        agenda.removeAll { step in
            if case .close = step { return false }
            return true
        }
        return [.wake]
    }
}

/// A worker that ended and whose jobs were not given back yet.
struct Unreaped: Sendable {
    var pool: String
    var ran: LastRuns
    /// Whether somebody is at it.
    var isUnderWay = false
    /// What is to be said of its end, once its jobs are known.
    var end: (ending: Fleet.Ending, reason: String, isFailure: Bool)?
}

extension ScalerMachine {
    /// A part of what a look asks for.
    enum Step: Sendable {
        case start(pool: String, count: Int, reason: String, isFirst: Bool)
        case drain(PoolDecision)
        case scale([PoolDecision])
        case close(DecisionRecording?, Decision, seen: Timestamp?)
    }
}
