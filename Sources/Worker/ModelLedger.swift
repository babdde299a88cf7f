import Batching
import Jobs
import Tensors
import Time

/// What a worker holds of one model, as a value: which jobs wait, which run on which instance, which parts are
/// back. It is told what happens and says what to do; `ModelRunner` does it.
///
/// It is told two times: `now` is the cluster's, in which deadlines and records are; `steady` is monotonic, by which
/// runs are measured and watched.
struct ModelLedger: Sendable {
    /// A job between take and release.
    struct Held: Sendable {
        var admitted: Admitted
        var taken: Timestamp
        var started: Timestamp?
        var doneRows = 0
        var compute = Duration.zero
        var batchRows = 0
        /// The parts that are back, of a job that runs in several.
        var parts: [(range: Range<Int>, outputs: [Tensor])] = []
        var failure: BatchResult.Failure?
        /// Rows in batches that are not back: the job is not released before, so that its lease is kept.
        var runningRows = 0
        /// Rows that will not be started any more count as done.
        var ending: Ending?
        /// Its rows were not what they seemed: it runs again, whole, as soon as its running parts are back.
        var mustRepeat = false

        /// Whether it ran in several parts and all are back without a failure.
        var isComplete: Bool {
            !mustRepeat && ending == nil && failure == nil && parts.count > 1 && doneRows == admitted.rows
        }
    }

    /// How a job leaves, as far as the ledger decides it.
    enum Ending: Sendable {
        case finished
        case failed(BatchResult.Failure)
        case expired
        case cancelled
        case handedBack
    }

    struct Actions: Sendable {
        var start: [(instance: Int, work: BatchWork)] = []
        var release: [(held: Held, ending: Ending)] = []
        var closed: [(rows: Int, reason: CloseReason)] = []
        /// The alarm is set for a later time than the assembler now asks for.
        var setsAlarmEarlier = false
        /// Jobs wait for a trial, or the one that was on trial has left.
        var changesTrials = false
        /// Joining has ended for this model, for this reason.
        var stopsJoining: String?
    }

    /// A batch that an instance computes.
    struct Run: Sendable {
        /// Monotonic.
        var began: Timestamp
        var bound: Duration
        var tickets: [Int]
        /// Beyond this it takes far longer than was to be expected: what waits behind it is better off elsewhere.
        var patience: Duration

        func isLong(steady: Timestamp) -> Bool { steady - began > patience }
    }

    /// A run beyond its bound.
    struct HungRun: Sendable, Equatable {
        var instance: Int
        var elapsed: Duration
        var bound: Duration
    }

    typealias Assembler = BatchAssembler<Int, RowShapes>

    var assembler: Assembler
    private(set) var runs: [Int: Run] = [:]
    private(set) var rows = 0
    private(set) var batches = 0
    private(set) var busy = Duration.zero
    private(set) var tenants = TenantShares()
    /// Of the inputs of what is held.
    private(set) var heldBytes = 0
    /// Of the inputs of a job, lately; `nil` before the first.
    private(set) var bytesPerJob: Double?

    private(set) var trials = TrialLine()
    /// Whether requests are joined and cut.
    var counting: RowCounting
    var held: [Int: Held] = [:]
    private var tickets: [JobID: Int] = [:]
    private var nextTicket = 0
    private var idleInstances: [Int]
    private let runBound: RunBound
    /// Every instance is in a run that takes far longer than was to be expected: nothing is taken meanwhile.
    private(set) var isHeldUp = false
    /// When the assembler wants to be woken, and when the alarm is set to do it.
    private var wakeUp: Timestamp?
    private var alarm: Timestamp?

    /// - Parameter runBound: how long a run may take before it counts as hung.
    /// - Parameter counting: `whole` for a model whose requests are never joined.
    init(
        policy: BatchingPolicy, runBound: RunBound = RunBound(least: .seconds(600)), counting: RowCounting = .counted
    ) {
        assembler = Assembler(policy: policy)
        self.counting = counting
        idleInstances = Array((0..<policy.instances).reversed())
        self.runBound = runBound
    }

    /// Jobs taken and not released.
    var heldJobs: Int { held.count }

    var isIdle: Bool { held.isEmpty && runs.isEmpty }

    mutating func seed(rows: Int, took duration: Duration) { assembler.seed(rows: rows, took: duration) }

    // MARK: Events

    mutating func accept(_ jobs: [Admitted], now: Timestamp, steady: Timestamp) -> Actions {
        var bytes = 0
        var items: [Assembler.Item] = []
        items.reserveCapacity(jobs.count)
        for var admitted in jobs {
            if counting == .whole { admitted.rows = 1 }
            nextTicket += 1
            held[nextTicket] = Held(admitted: admitted, taken: now)
            bytes += admitted.bytes
            tickets[admitted.job.id] = nextTicket
            if admitted.job.crashes > 0 {
                trials.add(nextTicket)
            } else {
                items.append(item(nextTicket, admitted, admitted.shapes, now: now))
            }
        }
        note(bytes, of: jobs.count)
        var actions = actions(for: assembler.add(items, now: now), now: now, steady: steady)
        actions.changesTrials = trials.isWaiting
        return actions
    }

    func item(
        _ ticket: Int, _ admitted: Admitted, _ shapes: RowShapes, now: Timestamp
    ) -> Assembler.Item {
        Assembler.Item(
            id: ticket, rows: admitted.rows, group: shapes, priority: Int(admitted.job.job.priority.rawValue),
            enqueued: now, deadline: admitted.job.job.deadline)
    }

    // MARK: Trials

    /// Nothing is started any more until `release`; what runs goes on.
    mutating func hold() { assembler.forming = .nothing }

    mutating func release(now: Timestamp, steady: Timestamp) -> Actions {
        assembler.forming = .everything
        return tick(now: now, steady: steady)
    }

    /// The job to mark in the queue next; `startTrial`, `putBackTrial` or `loseTrial` must follow.
    mutating func nextTrial() -> JobID? {
        while let ticket = trials.next() {
            if let job = held[ticket] { return job.admitted.job.id }
            _ = trials.end(ticket)
        }
        return nil
    }

    /// It is marked, and nothing else runs: it is started, alone, in as many parts as it needs.
    mutating func startTrial(now: Timestamp, steady: Timestamp) -> Actions {
        guard !assembler.isDraining, let ticket = trials.current, let job = held[ticket] else { return loseTrial() }
        var shapes = job.admitted.shapes
        shapes.alone = ticket
        assembler.forming = .only(shapes)
        let added = assembler.add([item(ticket, job.admitted, shapes, now: now)], now: now)
        return actions(for: added, now: now, steady: steady)
    }

    /// It could not be marked: it is the next again, or goes back where no more are started.
    mutating func putBackTrial() -> Actions {
        if assembler.isDraining { return loseTrial() }
        trials.putBack()
        return Actions()
    }

    /// The queue says that the job is not this worker's any more.
    mutating func loseTrial() -> Actions {
        var actions = Actions()
        guard let ticket = trials.current else { return actions }
        end(ticket, .handedBack, into: &actions)
        if trials.end(ticket) { actions.changesTrials = true }
        return actions
    }

    /// The time for which to set the alarm.
    mutating func armAlarm() -> Timestamp? {
        alarm = wakeUp
        return alarm
    }

    mutating func tick(now: Timestamp, steady: Timestamp) -> Actions {
        actions(for: assembler.tick(now: now), now: now, steady: steady)
    }

    /// An instance starts one more run of the same batch (a part of it, after a failure): its time counts anew.
    mutating func rerun(on instance: Int, steady: Timestamp) { runs[instance]?.began = steady }

    mutating func completed(
        _ result: BatchResult, on instance: Int, now: Timestamp, steady: Timestamp
    ) -> Actions {
        runs[instance] = nil
        isHeldUp = false
        idleInstances.append(instance)
        batches += 1
        busy += result.occupied
        var actions = Actions()
        if let refutation = result.refutation { stopJoining(refutation, into: &actions, now: now, steady: steady) }
        for part in result.parts {
            if let tenant = held[part.ticket]?.admitted.job.job.tenant {
                let share = Double(part.range.count) / Double(max(result.work.rows, 1))
                tenants.add(tenant, rows: part.range.count, busy: result.occupied * share)
            }
            take(in: part, of: result.work, into: &actions, now: now, steady: steady)
        }
        let decision =
            result.isWhole
            ? assembler.finished(
                result.work.shapes, rows: result.work.rows, took: result.occupied, now: now)
            : assembler.instanceBecameFree(now: now)
        actions.add(self.actions(for: decision, now: now, steady: steady))
        return actions
    }

    /// The job was cancelled: it leaves at once if it waits; if it runs, its result goes the usual way and the
    /// queue, which has stored the cancellation, drops it.
    mutating func cancel(_ id: JobID) -> Actions {
        var actions = Actions()
        guard let ticket = tickets[id] else { return actions }
        switch assembler.remove(ticket) {
        case .waiting, .partlyStarted: end(ticket, .cancelled, into: &actions)
        case .notWaiting:
            if trials.remove(ticket) {
                end(ticket, .cancelled, into: &actions)
                actions.changesTrials = true
            }
        }
        return actions
    }

    /// Gives back what has not started; what runs goes on.
    mutating func drain(now: Timestamp, steady: Timestamp) -> Actions {
        let (decision, returned) = assembler.drain(.handingBack, now: now)
        var actions = self.actions(for: decision, now: now, steady: steady)
        for ticket in returned + trials.takeWaiting() { end(ticket, .handedBack, into: &actions) }
        actions.changesTrials = true
        return actions
    }

    /// Gives back everything that is not released, running or not: the process is about to end.
    mutating func abandon() -> [TakenJob] {
        // What is left of a request that runs in parts would form batches of nothing.
        for ticket in held.keys { _ = assembler.remove(ticket) }
        defer {
            held = [:]
            tickets = [:]
            trials = TrialLine()
            heldBytes = 0
        }
        return held.values.map(\.admitted.job)
    }

    // MARK: Long runs

    /// The run that is furthest beyond its bound, if any.
    func hungRun(steady: Timestamp) -> HungRun? {
        runs.map { HungRun(instance: $0.key, elapsed: steady - $0.value.began, bound: $0.value.bound) }
            .filter { $0.elapsed > $0.bound }
            .max { $0.elapsed < $1.elapsed }
    }

    /// Whether a run takes far longer than was to be expected.
    func hasLongRun(steady: Timestamp) -> Bool { runs.values.contains { $0.isLong(steady: steady) } }

    /// Gives back what waits while every instance is in a run that takes far longer than expected: other workers may have
    /// room, and a run cannot be interrupted.
    mutating func relieve(steady: Timestamp) -> Actions {
        var actions = Actions()
        guard idleInstances.isEmpty, !runs.isEmpty,
            runs.values.allSatisfy({ $0.isLong(steady: steady) })
        else { return actions }
        isHeldUp = true
        for ticket in held.keys.sorted() where held[ticket]?.started == nil {
            guard assembler.remove(ticket) == .waiting else { continue }
            end(ticket, .handedBack, into: &actions)
        }
        for ticket in trials.takeWaiting() { end(ticket, .handedBack, into: &actions) }
        return actions
    }

    /// Ends the job of a run that has hung, where it is the only one in it: it would be as long elsewhere. Which of several
    /// it is cannot be told; they count a crash each when the worker ends.
    mutating func fail(_ hung: HungRun, _ failure: BatchResult.Failure) -> Actions {
        var actions = Actions()
        guard let run = runs[hung.instance], run.tickets.count == 1, let ticket = run.tickets.first,
            held[ticket] != nil
        else { return actions }
        held[ticket]?.runningRows = 0
        _ = assembler.remove(ticket)
        end(ticket, .failed(failure), into: &actions)
        return actions
    }

    // MARK: Private

    private mutating func note(_ bytes: Int, of jobs: Int) {
        guard jobs > 0 else { return }
        heldBytes += bytes
        let mean = Double(bytes) / Double(jobs)
        bytesPerJob = bytesPerJob.map { $0 + (mean - $0) / 4 } ?? mean
    }

    mutating func actions(
        for decision: Assembler.Decision, now: Timestamp, steady: Timestamp
    ) -> Actions {
        var actions = Actions()
        wakeUp = decision.wakeUp
        actions.setsAlarmEarlier = wakeUp.map { wakeUp in alarm.map { wakeUp < $0 } ?? true } ?? false
        for ticket in decision.expired { end(ticket, .expired, into: &actions) }
        for batch in decision.batches {
            guard let instance = idleInstances.popLast() else {
                preconditionFailure("batch \(batch.number) was formed while no instance is idle")
            }
            actions.closed.append((batch.rows, batch.reason))
            actions.start.append((instance, start(batch, on: instance, now: now, steady: steady)))
        }
        return actions
    }

    private mutating func start(
        _ batch: Batch<Int, RowShapes>, on instance: Int, now: Timestamp, steady: Timestamp
    ) -> BatchWork {
        runs[instance] = Run(
            began: steady, bound: runBound.bound(expected: batch.expected), tickets: batch.entries.map(\.id),
            patience: max(.seconds(2), (batch.expected ?? .zero) * 4))
        let parts = batch.entries.compactMap { entry -> BatchWork.Part? in
            guard let job = held[entry.id] else { return nil }
            held[entry.id]?.runningRows += entry.range.count
            if job.started == nil { held[entry.id]?.started = now }
            return BatchWork.Part(
                ticket: entry.id, job: job.admitted.job.id, inputs: job.admitted.inputs, range: entry.range,
                itemRows: entry.itemRows,
                requestedOutputs: job.admitted.job.job.requestedOutputs)
        }
        return BatchWork(
            number: batch.number, shapes: batch.group, parts: parts, rows: batch.rows, counting: counting)
    }

    private mutating func take(
        in part: BatchResult.Part, of work: BatchWork, into actions: inout Actions, now: Timestamp, steady: Timestamp
    ) {
        // Moved out while it changes, so that the array of parts is not copied.
        guard var job = held.removeValue(forKey: part.ticket) else { return }
        job.runningRows -= part.range.count
        job.doneRows += part.range.count
        job.compute += part.compute
        job.batchRows = max(job.batchRows, part.batchRows)
        rows += part.range.count
        job.mustRepeat = job.mustRepeat || isRefuted(work)
        switch part.outputs {
        case .success(let outputs): job.parts.append((part.range, outputs))
        // Whether it fails whole, too, is seen then.
        case .failure where job.mustRepeat: break
        case .failure(let failure):
            job.failure = job.failure ?? failure
            // The rest of a large request is worth nothing once a part has failed.
            if job.doneRows + job.runningRows < job.admitted.rows, assembler.remove(part.ticket) != .notWaiting {
                job.ending = .failed(failure)
            }
        }
        held[part.ticket] = job
        if job.isComplete, let disagreement = RowParts.disagreement(job.parts) {
            stopJoining(disagreement, into: &actions, now: now, steady: steady)
        }
        settle(part.ticket, into: &actions, now: now, steady: steady)
    }

    /// Releases a job whose rows are all back, or lets it run again.
    private mutating func settle(_ ticket: Int, into actions: inout Actions, now: Timestamp, steady: Timestamp) {
        guard let job = held[ticket], job.runningRows == 0 else { return }
        if let ending = job.ending {
            end(ticket, ending, into: &actions)
        } else if job.mustRepeat {
            runWhole([ticket], into: &actions, now: now, steady: steady)
        } else if job.doneRows == job.admitted.rows {
            end(ticket, job.failure.map { .failed($0) } ?? .finished, into: &actions)
        }
    }

    /// Releases a job now, or as soon as its running parts are back.
    mutating func end(_ ticket: Int, _ ending: Ending, into actions: inout Actions) {
        guard var job = held.removeValue(forKey: ticket) else { return }
        guard job.runningRows == 0 else {
            job.ending = ending
            held[ticket] = job
            return
        }
        tickets[job.admitted.job.id] = nil
        heldBytes -= job.admitted.bytes
        actions.release.append((job, ending))
        if trials.end(ticket) {
            assembler.forming = .nothing
            actions.changesTrials = true
        }
    }
}
