import Jobs
import Scaling
import Time

/// Workers that end, hang or fall silent, and the jobs of those that ended.
extension ScalerMachine {
    mutating func noteEnd(of worker: String, in pool: String, reason: String, isFailure: Bool, ran: LastRuns)
        -> [ScalerAction]
    {
        let ending = fleet.noteEnd(worker)
        unreaped[worker] = Unreaped(pool: pool, ran: ran, end: (ending, reason, isFailure))
        // While the queue is away what is tried again every second sees to it; what else ended must not wait for that.
        if sight.looked != nil, sight.readableSince == nil { return conclude(worker, nil) }
        return reap(worker)
    }

    // MARK: Jobs

    /// Gives back the jobs of workers that ended, and those of workers without a lease; makes due jobs takable.
    mutating func reapAll() -> [ScalerAction] {
        guard leads || !unreaped.isEmpty else { return [] }
        return unreaped.keys.sorted().flatMap { reap($0) } + [.endLeases(of: plan.queues)]
    }

    private mutating func reap(_ worker: String) -> [ScalerAction] {
        guard let entry = unreaped[worker], !entry.isUnderWay else { return [] }
        unreaped[worker]?.isUnderWay = true
        return [.reap(worker, from: plan.queues(of: entry.pool), ran: entry.ran)]
    }

    mutating func note(_ reaped: Reaped, of worker: String) -> [ScalerAction] {
        guard unreaped[worker] != nil else { return [] }
        let jobs = reaped.jobs.sorted { $0.key.description < $1.key.description }
        let notes = jobs.map { ScalerAction.note(.reaped(worker: worker, queue: $0.key, jobs: $0.value)) }
        let end = conclude(worker, reaped)
        unreaped[worker] = nil
        return notes + end
    }

    mutating func noteFailedReap(of worker: String, reason: String) -> [ScalerAction] {
        guard unreaped[worker] != nil else { return [] }
        unreaped[worker]?.isUnderWay = false
        return [.note(.reapFailed(worker: worker, reason: reason))] + conclude(worker, nil)
    }

    /// Says what an end means, once.
    private mutating func conclude(_ worker: String, _ reaped: Reaped?) -> [ScalerAction] {
        guard let entry = unreaped[worker], let end = entry.end else { return [] }
        unreaped[worker]?.end = nil
        let meaning: WorkerEnd.Meaning
        switch end.ending {
        case .left where !end.isFailure: meaning = .left
        case .left, .died: meaning = .died
        case .failedToStart where (reaped?.count ?? 0) > 0:
            // It had jobs: it was ready, and died of them before it was seen. That is no reason to hold starts back.
            fleet.noteUnseenReady(in: entry.pool)
            meaning = .died
        case .failedToStart:
            fleet.noteFailedStart(in: entry.pool)
            meaning = .failedToStart
        case .unknown: return [.wake]
        }
        let said = WorkerEnd(
            worker: worker, pool: entry.pool, meaning: meaning, reason: end.reason, isFailure: end.isFailure,
            ran: entry.ran, blamed: end.isFailure ? reaped?.blamed : nil)
        return [.note(.ended(said)), .wake]
    }

    // MARK: Silence

    /// Which workers lost their lease since, and which report again.
    func silence(since before: Set<String>) -> [ScalerAction] {
        let now = fleet.silent
        let lost = now.subtracting(before).sorted().map { ScalerAction.note(.silent(worker: $0)) }
        let back = before.subtracting(now).sorted().filter { fleet.members[$0] != nil }
        return lost + back.map { .note(.reportsAgain(worker: $0)) }
    }

    /// The longest that a worker of the pool may take until it is ready.
    func startLimit(of pool: String) -> Duration {
        let assumed = plan.pool(pool)?.assumedStartUp ?? .zero
        return max(plan.startLimit, (fleet.pools[pool]?.startUps.measured?.slow ?? assumed) * 10)
    }

    /// Ends workers that take too long.
    func killHung(at now: Timestamp) -> [ScalerAction] {
        guard let readable = sight.readableSince else { return [] }
        let hung = fleet.hung(
            at: now, readable: readable, startLimit: { startLimit(of: $0) }, loadLimit: { plan.loadLimit(of: $0) },
            silence: plan.silenceLimit)
        return hung.flatMap { worker -> [ScalerAction] in
            // Pods and containers are the leader's business; children only their parent can end.
            guard let member = fleet.members[worker], leads || isOnlyOurs(worker) else { return [] }
            return [
                .note(.hung(worker: worker, pool: member.pool, phase: member.phase)), .kill(worker, pool: member.pool),
            ]
        }
    }

    /// Whether nobody but this process can end it.
    func isOnlyOurs(_ worker: String) -> Bool {
        guard let member = fleet.members[worker], member.isOurs else { return false }
        return plan.ordering(of: member.pool) == .oneByOne(.starter)
    }

    // MARK: The end

    /// Workers that this scaler started, or took over and keeps while it leads, and that have not ended.
    package var drainable: [String] {
        fleet.ours.filter { worker in
            guard let pool = fleet.members[worker]?.pool, plan.ordering(of: pool)?.isOneByOne == true else {
                return false
            }
            return leads || isOnlyOurs(worker)
        }
    }

    mutating func noteEnding() -> [ScalerAction] {
        isStopping = true
        agenda = []
        return []
    }

    /// Drains every worker that it started. Where a count is the order it stays as it is: those workers go on without a
    /// scaler.
    mutating func stop() -> [ScalerAction] {
        _ = noteEnding()
        let workers = drainable
        guard !workers.isEmpty else { return [] }
        return [.note(.stops(workers: workers.count))] + drain(workers)
    }

    /// Kills those that stay.
    func killStayed() -> [ScalerAction] {
        let stayed = drainable
        guard !stayed.isEmpty else { return [] }
        return [.note(.stayed(workers: stayed.count))]
            + stayed.compactMap { worker in fleet.members[worker].map { .kill(worker, pool: $0.pool) } }
    }

    /// Asks these workers to leave, whatever they do.
    mutating func drain(_ workers: [String]) -> [ScalerAction] {
        var byPool: [String: [String]] = [:]
        for worker in workers {
            guard let member = fleet.members[worker], plan.ordering(of: member.pool)?.isOneByOne == true else {
                continue
            }
            fleet.noteLeaving(worker)
            byPool[member.pool, default: []].append(worker)
        }
        return byPool.sorted { $0.key < $1.key }.map { .drain($0.value, pool: $0.key) }
    }
}
