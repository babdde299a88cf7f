import Inference
package import Jobs
package import Logging
package import Observability
import ServiceLifecycle
import Settings
import Synchronization
package import Time

/// The worker role: loads the models of its pool, takes jobs from their queues, runs them in batches, settles
/// them, and drains when it is told to stop.
///
/// | stage | what it does | ends when |
/// |---|---|---|
/// | starting | holds a lease; loads and warms its models | all are loaded or have failed; told to stop, or the loading bound: it leaves and ends |
/// | ready | takes, runs, settles | graceful shutdown, or the watchdog |
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
        /// Models of the pool that could not be loaded: reported with no instances.
        var failed: [QueueName] = []
        var hungRun: WorkerError?
        /// How loading went, once it has ended.
        var loading: Result<Void, WorkerError>?
        var runningTakers = 0
    }

    let configuration: Configuration
    let queue: any WorkQueue
    let load: ModelLoader
    let notes: RunNotes
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
    let trials: TrialDesk
    let state = Mutex(State())

    /// - Parameters:
    ///   - queue: this worker's own: its lease ends with the service.
    ///   - load: makes a backend of a model's settings: `BackendRegistry.load`.
    ///   - notes: where it says what its instances run, for whoever sees it die.
    ///   - metrics: where the worker's series go.
    ///   - time: the cluster's common time, which deadlines are in.
    ///   - steady: monotonic time.
    ///   - clock: what the service waits by.
    package init(
        configuration: Configuration, queue: any WorkQueue, load: @escaping ModelLoader, notes: RunNotes = RunNotes(),
        metrics: MetricsRegistry, time: any TimeSource, steady: any TimeSource = MonotonicTime(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.load = load
        self.notes = notes
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
        trials = TrialDesk(queue: queue, steady: steady, clock: clock, logger: logger)
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
        let (stage, startUp, served, failed) = state.withLock { ($0.stage, $0.startUp, $0.served, $0.failed) }
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
                + failed.map { WorkerReport.ModelReport(queue: $0.description, instances: 0) },
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
            queue: queue, clock: clock, logger: logger, makeReport: { self.report },
            onCancellation: { self.cancel($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { await keeper.run() }
            group.addTask { await self.writer.run() }
            do {
                try await loadWithinBound()
            } catch {
                await leave(keeper)
                throw error
            }
            let served = state.withLock { $0.served }
            becomeReady()
            keeper.renewNow()
            for model in served { addLoops(of: model, to: &group) }
            group.addTask { await self.watchCancellations() }
            group.addTask { await self.watchRuns() }
            group.addTask { await self.trials.run() }
            while stage == .ready { await stageChanged.wait() }
            keeper.renewNow()
            try await end(served, keeper)
        }
    }

    func addLoops(of model: ServedModel, to group: inout ThrowingTaskGroup<Void, any Error>) {
        state.withLock { $0.runningTakers += 1 }
        group.addTask {
            await model.taker.run()
            self.state.withLock { $0.runningTakers -= 1 }
            self.progress.raise()
        }
        group.addTask { await model.runner.runAlarm() }
    }

    func becomeReady() {
        let startUp = launched.ago + (steady.now() - launched.at)
        state.withLock { state in
            state.startUp = startUp
            if state.stage == .starting { state.stage = .ready }
        }
        logger.info("Ready", metadata: [LogKeys.reason: "models loaded in \(startUp.wholeMilliseconds) ms"])
    }

    // MARK: Watching

    func cancel(_ id: JobID) {
        for model in state.withLock({ $0.served }) where model.runner.queueName == id.queue { model.runner.cancel(id) }
    }

    func watchCancellations() async {
        let queues = state.withLock { $0.served.map(\.runner.queueName) }
        await queue.watchCancellations(of: queues) { self.cancel($0) }
    }

    /// Looks once a second for a run that has hung. A blocked C call cannot be interrupted, so the worker ends.
    func watchRuns() async {
        while !Task.isCancelled {
            for model in state.withLock({ $0.served }) {
                guard let hung = model.runner.hungRun() else { continue }
                let error = WorkerError(
                    .hungRun,
                    "a run of model '\(model.settings.name)' on instance \(hung.instance) has taken \(hung.elapsed) "
                        + "and cannot be ended; the worker ends so that its jobs run elsewhere")
                logger.error(
                    "A run has hung",
                    metadata: [LogKeys.modelName: "\(model.settings.name)", LogKeys.reason: "\(error)"])
                state.withLock { $0.hungRun = error }
                advance(to: .cutShort)
                return
            }
            // Cancellation ends the wait and then the loop.
            try? await clock.sleep(for: .seconds(1))
        }
    }
}
