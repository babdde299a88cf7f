import Batching
import Inference
import Jobs
import Logging
import Observability
import Settings
import Synchronization
import Tensors
import Time
import Clocks
import WorkerCore

/// Serves one model: takes in jobs, keeps its instances busy, releases what is done.
///
/// The state is a value behind a lock (`ModelLedger`); whoever brings an event (the take loop, an instance's
/// thread, a timer) computes what follows and does it itself. So a busy instance goes from one batch to the
/// next without a hop to another thread, and a job costs no task of its own.
final class ModelRunner: Sendable {
    struct Identity: Sendable {
        var queue: QueueName
        var worker: String
        var maximumAttempts: Int
        var instances: Int
    }

    let identity: Identity
    private let rules: ReleaseRules
    let meters: ModelMeters
    private let threads: InferenceThreads
    /// For a model whose requests are joined, and for one whose are not.
    private let admission: (joining: Admission, whole: Admission)
    private let joining: Mutex<Joining>
    let ledger: Mutex<ModelLedger>
    private let alarmChanged = Signal()
    /// Batches that are back and whose outcomes are not with the writer yet.
    private let releasing = Atomic(0)
    private let onTrials: @Sendable () -> Void
    private let notes: RunNotes.OfModel
    private let writer: OutcomeWriter
    private let inputs: HeldInputs
    let time: any TimeSource
    /// Monotonic.
    let steady: any TimeSource
    private let clock: any Clock<Duration>
    let logger: Logger
    let onRoom: @Sendable () -> Void
    private let onInputsFreed: @Sendable () -> Void

    /// - Parameters:
    ///   - runBound: how long a run may take before it counts as hung.
    ///   - inputs: what all models of the worker hold together.
    ///   - onTrials: called when jobs wait for a trial, one ended, or runs ended that a trial may wait for.
    ///   - notes: where it says what its instances run.
    ///   - onRoom: called when `appetite` may have grown, from any thread.
    ///   - onInputsFreed: called when other models' may have too.
    init(
        identity: Identity, model: LoadedModel, batching: BatchingSettings, runBound: RunBound,
        writer: OutcomeWriter, inputs: HeldInputs,
        onTrials: @escaping @Sendable () -> Void, notes: RunNotes.OfModel, meters: ModelMeters,
        time: any TimeSource, steady: any TimeSource,
        clock: any Clock<Duration>, logger: Logger, onRoom: @escaping @Sendable () -> Void,
        onInputsFreed: @escaping @Sendable () -> Void
    ) {
        self.identity = identity
        rules = ReleaseRules(worker: identity.worker, maximumAttempts: identity.maximumAttempts)
        threads = model.threads
        var whole = model.signature
        whole.maximumBatchSize = nil
        admission = (Admission(signature: model.signature), Admission(signature: whole))
        joining = Mutex(model.joining)
        let maximumRows = model.signature.maximumBatchSize.map { min($0, batching.maximumRows) } ?? 1
        var ledger = ModelLedger(
            policy: BatchingPolicy(
                maximumRows: maximumRows, maximumDelay: batching.maximumDelay, instances: model.threads.count),
            runBound: runBound, counting: model.joining.joinsRows ? .counted : .whole)
        for measured in model.costs { ledger.seed(rows: measured.rows, took: measured.cost) }
        self.ledger = Mutex(ledger)
        self.writer = writer
        self.meters = meters
        self.inputs = inputs
        self.onTrials = onTrials
        self.notes = notes
        self.time = time
        self.steady = steady
        self.clock = clock
        self.logger = logger
        self.onRoom = onRoom
        self.onInputsFreed = onInputsFreed
    }

    var queueName: QueueName { identity.queue }

    /// How many jobs to take now.
    var appetite: Int {
        let (appetite, jobs, bytes) = ledger.withLock { ($0.appetite, $0.heldJobs, $0.bytesPerJob) }
        return inputs.allowed(appetite, jobs: jobs, bytesPerJob: bytes)
    }

    /// Whether nothing is held, and nothing that was is still on its way to the writer: only then is a drain done.
    var isDone: Bool { releasing.load(ordering: .sequentiallyConsistent) == 0 && held == 0 }

    /// Jobs taken and not released to the writer.
    var held: Int { ledger.withLock { $0.heldJobs } }

    // MARK: Events

    /// Jobs came from the queue. Those that do not fit the model fail at once.
    func accept(_ jobs: [TakenJob]) {
        guard !jobs.isEmpty else { return }
        let now = time.now()
        var admitted: [Admitted] = []
        var refused: [Release] = []
        let admission = ledger.withLock { $0.counting == .counted } ? admission.joining : admission.whole
        admitted.reserveCapacity(jobs.count)
        for job in jobs {
            meters.queueWait.record(max(.zero, now - job.job.submitted))
            switch admission.examine(job) {
            case .admitted(let fitting): admitted.append(fitting)
            case .refused(let reason):
                meters.ended(.failed)
                refused.append(rules.refusal(of: job, reason: reason, now: now))
            }
        }
        writer.add(refused)
        inputs.add(admitted.reduce(0) { $0 + $1.bytes })
        let actions = ledger.withLock { $0.accept(admitted, now: now, steady: steady.now()) }
        perform(actions, now: now, keeping: nil)
    }

    /// Hands a batch to its instance's thread, which runs it and then, without leaving the thread, each next batch
    /// that there is for it.
    private func start(_ work: BatchWork, on index: Int) {
        threads.run(on: index) { instance in
            let executor = BatchExecutor(instance, steady: self.steady)
            var next: BatchWork? = work
            while let work = next {
                self.notes.note(work.parts.map(\.job), on: index)
                let result = executor.execute(work, onRerun: { self.rerun(on: index) })
                self.notes.note([], on: index)
                next = self.completed(result, on: index)
            }
        }
    }

    /// A batch came back.
    /// - Returns: the next batch for the same instance, to be run at once; `nil`: it is idle.
    private func completed(_ result: BatchResult, on instance: Int) -> BatchWork? {
        let now = time.now()
        meters.compute.record(result.occupied)
        releasing.add(1, ordering: .sequentiallyConsistent)
        let actions = ledger.withLock { $0.completed(result, on: instance, now: now, steady: steady.now()) }
        let next = perform(actions, now: now, keeping: instance)
        releasing.subtract(1, ordering: .sequentiallyConsistent)
        onRoom()
        if next == nil { onIdle() }
        return next
    }

    /// A batch failed and a part of it runs again on its instance: the watchdog counts anew.
    private func rerun(on instance: Int) {
        let now = steady.now()
        ledger.withLock { $0.rerun(on: instance, steady: now) }
    }

    func cancel(_ id: JobID) {
        let now = time.now()
        let actions = ledger.withLock { $0.cancel(id) }
        perform(actions, now: now, keeping: nil)
        onRoom()
    }

    /// Gives back what has not started and takes no more.
    func drain() {
        let now = time.now()
        let actions = ledger.withLock { $0.drain(now: now, steady: steady.now()) }
        perform(actions, now: now, keeping: nil)
    }

    /// Gives back everything that is not released. What a running batch still brings is dropped.
    func abandon() {
        let (jobs, bytes) = ledger.withLock { ledger in
            let bytes = ledger.heldBytes
            return (ledger.abandon(), bytes)
        }
        free(bytes)
        for _ in jobs { meters.ended(.handedBack) }
        writer.add(jobs.map { .handBack($0) })
    }

    /// The run that has taken longer than it may, if any.
    func hungRun() -> InstanceRuns.Hung? {
        let now = steady.now()
        return ledger.withLock { $0.hungRun(steady: now) }
    }

    /// Gives back what waits behind runs that take far longer than expected.
    func relieve() {
        let now = time.now()
        let actions = ledger.withLock { $0.relieve(steady: steady.now()) }
        perform(actions, now: now, keeping: nil)
    }

    /// Ends the job of a run that has hung, where it ran alone: its caller is told which bound it broke.
    /// - Returns: whether that was so.
    func fail(_ hung: InstanceRuns.Hung) -> Bool {
        let now = time.now()
        let failure = BatchResult.Failure(
            fault: .bound,
            message:
                "its run took \(hung.elapsed.text) and may take \(hung.bound.text); raise run_timeout in the model.yaml of '\(identity.queue.model)' if it is honest work"
        )
        let actions = ledger.withLock { $0.fail(hung, failure) }
        perform(actions, now: now, keeping: nil)
        return !actions.release.isEmpty
    }

    /// Wakes the assembler at the times it asks for (a delay is over, a deadline has passed) until cancelled.
    func runAlarm() async {
        while !Task.isCancelled {
            guard let due = ledger.withLock({ $0.armAlarm() }) else {
                await alarmChanged.wait()
                continue
            }
            let now = time.now()
            if due > now {
                await alarmChanged.wait(atMost: due - now, clock: clock)
                continue
            }
            let actions = ledger.withLock { $0.tick(now: now, steady: steady.now()) }
            perform(actions, now: now, keeping: nil)
            onRoom()
        }
    }

    var report: WorkerReport.ModelReport {
        ledger.withLock { ledger in
            let cost = ledger.cost
            return WorkerReport.ModelReport(
                queue: identity.queue.description, instances: identity.instances, rows: ledger.rows,
                batches: ledger.batches, busy: ledger.busy, fixedCost: cost?.fixed, costPerRow: cost?.perRow,
                tenants: ledger.tenants.report, state: .loaded,
                isHeldUp: ledger.isHeldUp ? true : nil, joining: joining.withLock { $0.reported })
        }
    }

    // MARK: Private

    /// A trial may wait for the last run of all.
    private func onIdle() {
        if ledger.withLock({ $0.isHolding }) { onTrials() }
    }

    /// Does what the ledger said, outside its lock.
    /// - Parameter instance: the one whose thread is calling: its next batch is returned instead of started.
    @discardableResult
    func perform(_ actions: ModelLedger.Actions, now: Timestamp, keeping instance: Int?) -> BatchWork? {
        var kept: BatchWork?
        for batch in actions.closed { meters.closed(rows: batch.rows, reason: batch.reason) }
        for start in actions.start {
            if start.instance == instance { kept = start.work } else { self.start(start.work, on: start.instance) }
        }
        if !actions.release.isEmpty {
            free(actions.release.reduce(0) { $0 + $1.held.admitted.bytes })
            writer.add(actions.release.map { noting(rules.release(of: $0.held, $0.ending, now: now), of: $0.held) })
        }
        if let reason = actions.stopsJoining { stoppedJoining(reason) }
        if actions.setsAlarmEarlier { alarmChanged.raise() }
        if actions.changesTrials { onTrials() }
        return kept
    }

    /// Once in a worker's life.
    private func stoppedJoining(_ reason: String) {
        let refuted = Joining.none(.refuted(reason))
        joining.withLock { $0 = refuted }
        meters.joiningStopped.increment()
        logger.warning(
            "Requests are not joined any more",
            metadata: [LogKeys.modelName: "\(identity.queue.model)", LogKeys.reason: "\(refuted.reason)"])
    }

    private func free(_ bytes: Int) {
        if inputs.remove(bytes) { onInputsFreed() }
    }
}
