import Inference
package import Jobs
package import Logging
package import Observability
import ServiceLifecycle
package import Settings
import Synchronization
package import Time
import Clocks
import WorkerCore

/// The worker role: loads the models of its pool, takes jobs from their queues, runs them in batches, settles
/// them, and drains when it is told to stop.
///
/// | stage | what it does | ends when |
/// |---|---|---|
/// | starting | holds a lease; loads and warms its models | the first is loaded; told to stop, or none can be loaded: it leaves and ends |
/// | ready | takes, runs, settles jobs of what is loaded; loads the rest, and tries again what failed | graceful shutdown, or the watchdog |
/// | draining | gives back what has not started, finishes and settles the rest | done, or the drain time-out |
///
/// A second request to stop (the task is cancelled) cuts the drain short: what runs is given back.
package final class WorkerService: Service {
    enum Stage: Int, Comparable {
        case starting, ready, draining, cutShort
        static func < (lhs: Stage, rhs: Stage) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    struct State {
        var stage = Stage.starting
        var startUp: Duration?
        var served: [ServedModel] = []
        /// Of each model of the pool.
        var conditions: ModelConditions
        /// Loads that no thread has come back from.
        var loadsUnderWay = 0
        var hungRun: WorkerError?
        /// The job of the hung run has failed: nothing else is to blame.
        var isHungJobKnown = false
        var runningTakers = 0
    }

    let configuration: Configuration
    let queue: any WorkQueue
    let load: ModelLoader
    let notes: RunNotes
    /// Where loads and what cannot be served are noted; `nil`: nowhere.
    let loads: (any LoadBoard)?
    /// Tells whether a model's files changed.
    let stamp: @Sendable (ModelSettings) -> String
    /// Reads a model's settings again.
    let reread: @Sendable (ModelSettings) -> ModelSettings
    let series: WorkerSeries
    let time: any TimeSource
    /// Monotonic: what is measured and what must end goes by it.
    let steady: any TimeSource
    let clock: any Clock<Duration>
    let logger: Logger
    let writer: OutcomeWriter
    let inputs: HeldInputs
    /// What had passed since the launch when the service was made, and when that was by `steady`.
    let launched: (ago: Duration, at: Timestamp)
    /// Raised by what may end a drain's wait: a batch that came back, a loop that ended, a second stop.
    let progress = Signal()
    let stageChanged = Signal()
    let takers: Wakers
    let trials: TrialScheduler
    let state: Mutex<State>
    /// Says at once what changed.
    let renewal = Mutex<LeaseKeeper?>(nil)

    /// - Parameters:
    ///   - queue: this worker's own: its lease ends with the service.
    ///   - load: makes a backend of a model's settings: `BackendRegistry.load`.
    ///   - notes: where it says what its instances run, for whoever sees it die.
    ///   - loads: where loads are noted, so that a model that ends its workers is left out.
    ///   - stamp: another text once the model's files changed: `BackendRegistry.stamp`.
    ///   - reread: what the files say of a model by now, asked before a load is tried again; the same where they say nothing.
    ///   - metrics: where the worker's series go.
    ///   - time: the cluster's common time, which deadlines are in.
    ///   - steady: monotonic time.
    ///   - clock: what the service waits by.
    package init(
        configuration: Configuration, queue: any WorkQueue, load: @escaping ModelLoader, notes: RunNotes = RunNotes(),
        loads: (any LoadBoard)? = nil, stamp: @escaping @Sendable (ModelSettings) -> String = { _ in "" },
        reread: @escaping @Sendable (ModelSettings) -> ModelSettings = { $0 }, metrics: MetricsRegistry,
        time: any TimeSource, steady: any TimeSource = MonotonicTime(ContinuousClock()),
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.load = load
        self.notes = notes
        self.loads = loads
        self.stamp = stamp
        self.reread = reread
        series = WorkerSeries(in: metrics)
        self.time = time
        self.steady = steady
        launched = (time.now() - configuration.launched, steady.now())
        inputs = HeldInputs(limit: configuration.maximumHeldBytes)
        self.clock = clock
        var logger = logger
        logger.set(LogKeys.workerID, configuration.id)
        logger.set(LogKeys.pool, configuration.pool.name)
        self.logger = logger
        let takers = Wakers()
        self.takers = takers
        writer = OutcomeWriter(
            queue: queue, capacity: configuration.maximumUnsettled,
            byteCapacity: configuration.maximumUnsettledBytes, clock: clock, logger: logger,
            onRoom: { takers.wakeAll() })
        trials = TrialScheduler(queue: queue, steady: steady, clock: clock, logger: logger)
        let queues = configuration.models.filter { $0.pools.contains(configuration.pool.name) }.compactMap(\.queue)
        state = Mutex(
            State(conditions: ModelConditions(of: queues)))
    }

    // MARK: Stages

    /// Serves until told to stop, drains, and returns.
    ///
    /// - Throws: `WorkerError`, whose `exitCode` is what the process should end with. Where it
    ///   `leavesThread`, a thread is still inside the backend: end the process without waiting for it.
    package func run() async throws {
        // Unstructured, so that cancellation is a message ("stop sooner") and the last writes still happen; it is
        // awaited here and does not outlive this call.
        let service = Task { try await serve() }
        try await withTaskCancellationHandler {
            try await withGracefulShutdownHandler {
                try await service.value
            } onGracefulShutdown: {
                self.drain()
            }
        } onCancel: {
            advance(to: .cutShort)
        }
    }

    /// Begins the drain, as a graceful shutdown does. Returns at once.
    package func drain() { advance(to: .draining) }

    /// What the worker says of itself now.
    package var report: WorkerReport {
        let (stage, startUp, served, conditions) = state.withLock {
            ($0.stage, $0.startUp, $0.served, $0.conditions)
        }
        let reported: WorkerReport.State =
            switch stage {
            case .starting: .starting
            case .ready: .ready
            case .draining, .cutShort: .draining
            }
        return WorkerReport(
            id: configuration.id, pool: configuration.pool.name, state: reported, started: configuration.launched,
            startUp: startUp, held: served.reduce(writer.pending) { $0 + $1.runner.held }, settled: writer.settled,
            models: served.map(\.runner.report)
                + conditions.reports,
            memory: ProcessMemory.resident())
    }

    var stage: Stage { state.withLock { $0.stage } }

    func advance(to stage: Stage) {
        let hasChanged = state.withLock { state in
            guard state.stage < stage else { return false }
            state.stage = stage
            return true
        }
        guard hasChanged else { return }
        stageChanged.raise()
        progress.raise()
    }

    func serve() async throws {
        let keeper = LeaseKeeper(
            queue: queue, steady: steady, clock: clock, logger: logger, makeReport: { self.report },
            onCancellation: { self.cancel($0) })
        renewal.withLock { $0 = keeper }
        defer { renewal.withLock { $0 = nil } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await keeper.run() }
            group.addTask { await self.writer.run() }
            group.addTask { await self.watchCancellations() }
            group.addTask { await self.watchRuns() }
            group.addTask { await self.trials.run() }
            group.addTask { await self.serveModels(keeper) }
            do {
                try await waitForFirstModel()
            } catch {
                await leave(keeper)
                throw error
            }
            keeper.renewNow()
            while stage == .ready { await stageChanged.wait() }
            keeper.renewNow()
            try await end(state.withLock { $0.served }, keeper)
        }
    }

    /// Until the worker ends.
    func runLoops(of model: ServedModel) async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                await model.taker.run()
                self.state.withLock { $0.runningTakers -= 1 }
                self.progress.raise()
            }
            group.addTask { await model.runner.runAlarm() }
        }
    }

    // MARK: Watching

    func cancel(_ id: JobID) {
        for model in state.withLock({ $0.served }) where model.runner.queueName == id.queue { model.runner.cancel(id) }
    }

    func watchCancellations() async {
        let queues = state.withLock { $0.conditions.queues }
        await queue.watchCancellations(of: queues) { self.cancel($0) }
    }

    /// Looks once a second for runs that take long: jobs that wait behind one go back to the queue, where another worker
    /// can have them. A run beyond its bound has hung; a blocked C call cannot be interrupted, so the worker ends.
    func watchRuns() async {
        while !Task.isCancelled {
            for model in state.withLock({ $0.served }) {
                model.runner.relieve()
                guard let hung = model.runner.hungRun() else { continue }
                return end(hung, of: model)
            }
            // Cancellation ends the wait and then the loop.
            try? await clock.sleep(for: .seconds(1))
        }
    }

    private func end(_ hung: InstanceRuns.Hung, of model: ServedModel) {
        let name = model.settings.name
        let error = WorkerError(
            .hungRun,
            "a run of model '\(name)' on instance \(hung.instance) has taken \(hung.elapsed.text) and may take "
                + "\(hung.bound.text) (run_timeout in its model.yaml); it cannot be ended, so the worker ends and "
                + "its other jobs run elsewhere")
        logger.error("A run has hung", metadata: [LogKeys.modelName: "\(name)", LogKeys.reason: "\(error)"])
        let isToldApart = model.runner.fail(hung)
        state.withLock { state in
            state.hungRun = error
            state.isHungJobKnown = isToldApart
        }
        advance(to: .cutShort)
    }
}
