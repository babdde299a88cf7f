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

    private struct State {
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
    let series: WorkerSeries
    let time: any TimeSource
    /// Monotonic: what is measured and what must end goes by it.
    let steady: any TimeSource
    let clock: any Clock<Duration>
    let logger: Logger
    let writer: OutcomeWriter
    private let inputs: HeldInputs
    /// What had passed since the launch when the service was made, and when that was by `steady`.
    private let launched: (ago: Duration, at: Timestamp)
    /// Raised by what may end a drain's wait: a batch that came back, a loop that ended, a second stop.
    let progress = Signal()
    private let stageChanged = Signal()
    private let takers: Wakers
    private let state = Mutex(State())

    /// - Parameters:
    ///   - queue: this worker's own: its lease ends with the service.
    ///   - load: makes a backend of a model's settings: `BackendRegistry.load`.
    ///   - metrics: where the worker's series go.
    ///   - time: the cluster's common time, which deadlines are in.
    ///   - steady: monotonic time.
    ///   - clock: what the service waits by.
    package init(
        configuration: Configuration, queue: any WorkQueue, load: @escaping ModelLoader,
        metrics: MetricsRegistry, time: any TimeSource, steady: any TimeSource = MonotonicTime(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.configuration = configuration
        self.queue = queue
        self.load = load
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

    private func advance(to stage: Stage) {
        let hasChanged = state.withLock { state in
            guard state.stage < stage else { return false }
            state.stage = stage
            return true
        }
        guard hasChanged else { return }
        stageChanged.raise()
        progress.raise()
    }

    private func serve() async throws {
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
            while stage == .ready { await stageChanged.wait() }
            keeper.renewNow()
            try await end(served, keeper)
        }
    }

    private func addLoops(of model: ServedModel, to group: inout ThrowingTaskGroup<Void, any Error>) {
        state.withLock { $0.runningTakers += 1 }
        group.addTask {
            await model.taker.run()
            self.state.withLock { $0.runningTakers -= 1 }
            self.progress.raise()
        }
        group.addTask { await model.runner.runAlarm() }
        group.addTask { await model.runner.runTrials() }
    }

    private func becomeReady() {
        let startUp = launched.ago + (steady.now() - launched.at)
        state.withLock { state in
            state.startUp = startUp
            if state.stage == .starting { state.stage = .ready }
        }
        logger.info("Ready", metadata: [LogKeys.reason: "models loaded in \(startUp)"])
    }

    // MARK: Ending

    /// Drains, gives back, leaves.
    private func end(_ served: [ServedModel], _ keeper: LeaseKeeper) async throws {
        let end = steady.now() + configuration.pool.drainTimeout
        for model in served { model.taker.stop() }
        for model in served { model.runner.drain() }
        let isDrained = await finishRuns(served, until: end)
        if let hungRun = state.withLock({ $0.hungRun }) {
            // The lease is not given up: the job that hangs must count as a crash, which the reaper sees to.
            _ = await within(configuration.lastWrites, clock: clock) { await self.writer.flush() }
            throw hungRun
        }
        if !isDrained {
            for model in served { model.runner.abandon() }
            await finishTakes()
            // What a last take brought before it saw that it was to stop.
            for model in served { model.runner.abandon() }
        }
        let isWritten = await flush(until: end)
        await leave(keeper)
        for model in served where isDrained { await model.model.unload() }
        guard isDrained, isWritten else {
            throw WorkerError(
                .cutShort,
                "worker \(configuration.id) did not finish within its drain time-out or was told twice to stop; "
                    + "its jobs were given back")
        }
    }

    /// Waits until the last take is in and nothing runs, at most the drain time-out.
    /// - Returns: whether everything ended in time.
    private func finishRuns(_ served: [ServedModel], until end: Timestamp) async -> Bool {
        while true {
            let (stage, takers, hungRun) = state.withLock { ($0.stage, $0.runningTakers, $0.hungRun) }
            if takers == 0 {
                // What the last take brought after the first drain.
                for model in served { model.runner.drain() }
                if served.allSatisfy({ $0.runner.held == 0 }) { return true }
            }
            let left = end - steady.now()
            guard stage < .cutShort, hungRun == nil, left > .zero else { return false }
            await progress.wait(atMost: left, clock: clock)
        }
    }

    /// Waits until no take is under way, since what it brings after the worker has left would count as lost in a
    /// crash. A take ends by itself when its patience is over.
    private func finishTakes() async {
        let end = steady.now() + configuration.patience + configuration.lastWrites
        while state.withLock({ $0.runningTakers > 0 }) {
            let left = end - steady.now()
            guard left > .zero else { return }
            await progress.wait(atMost: left, clock: clock)
        }
    }

    /// Waits until everything is written: until `end`, and in any case for as long as last writes may take. A second
    /// request to stop leaves it that long from then on.
    /// - Returns: whether everything was written in time.
    private func flush(until end: Timestamp) async -> Bool {
        let end = max(end, steady.now() + configuration.lastWrites)
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                await self.writer.flush()
                return true
            }
            group.addTask {
                while self.stage < .cutShort, !Task.isCancelled {
                    let left = end - self.steady.now()
                    guard left > .zero else { return false }
                    await self.stageChanged.wait(atMost: left, clock: self.clock)
                }
                // Cancelled when everything is written.
                try? await self.clock.sleep(for: self.configuration.lastWrites)
                return false
            }
            let isWritten = await group.next() ?? false
            group.cancelAll()
            return isWritten
        }
    }

    private func leave(_ keeper: LeaseKeeper) async {
        await keeper.stop(within: configuration.lastWrites)
        let isDone = await within(configuration.lastWrites, clock: clock) {
            var backoff = Backoff()
            while !Task.isCancelled {
                do {
                    return try await self.queue.leave()
                } catch {
                    // Cancellation ends the wait and then the loop.
                    try? await self.clock.sleep(for: backoff.failed())
                }
            }
        }
        if !isDone { logger.error("Could not leave; the lease will run out", metadata: [:]) }
    }

    // MARK: Watching

    private func cancel(_ id: JobID) {
        for model in state.withLock({ $0.served }) where model.runner.queueName == id.queue { model.runner.cancel(id) }
    }

    private func watchCancellations() async {
        let queues = state.withLock { $0.served.map(\.runner.queueName) }
        await queue.watchCancellations(of: queues) { self.cancel($0) }
    }

    /// Looks once a second for a run that has hung. A blocked C call cannot be interrupted, so the worker ends.
    private func watchRuns() async {
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

    // MARK: Loading

    /// Loads the models, but waits no longer than the loading bound and not at all once told to stop.
    private func loadWithinBound() async throws(WorkerError) {
        // Unstructured: a load that hangs inside a backend cannot be ended, and whoever waits for it would hang too.
        // The process ends without it.
        Task {
            let result: Result<Void, WorkerError>
            do throws(WorkerError) { result = .success(try await loadModels()) } catch { result = .failure(error) }
            state.withLock { $0.loading = result }
            stageChanged.raise()
        }
        let end = steady.now() + configuration.loadingBound
        while true {
            let (stage, loading) = state.withLock { ($0.stage, $0.loading) }
            if let loading { return try loading.get() }
            guard stage == .starting else {
                logger.info("Told to stop while loading", metadata: [:])
                throw WorkerError(
                    .stoppedLoading, "worker \(configuration.id) was told to stop while it loaded its models")
            }
            let left = end - steady.now()
            guard left > .zero else {
                let error = WorkerError(
                    .hungLoad,
                    "worker \(configuration.id) has not loaded and warmed its models within \(configuration.loadingBound); "
                        + "it ends so that another can try")
                logger.error("Loading has hung", metadata: [LogKeys.reason: "\(error)"])
                throw error
            }
            await stageChanged.wait(atMost: left, clock: clock)
        }
    }

    /// Loads the models of the pool side by side. Those that fail are reported; none left is an error.
    private func loadModels() async throws(WorkerError) {
        let wanted = configuration.models.filter { $0.pools.contains(configuration.pool.name) }
        var problems: [String] = []
        await withTaskGroup(of: (ModelSettings, Result<LoadedModel, any Error>).self) { group in
            for settings in wanted {
                group.addTask {
                    do { return (settings, .success(try await LoadedModel.load(settings, with: self.load))) } catch {
                        return (settings, .failure(error))
                    }
                }
            }
            for await (settings, result) in group {
                switch (result, settings.queue) {
                case (.success(let model), let queueName?): add(model, settings: settings, queueName: queueName)
                case (.success, nil): problems.append("the name or version of model '\(settings.name)' is not allowed")
                case (.failure(let error), let queueName):
                    problems.append("model '\(settings.name)' cannot be loaded: \(error)")
                    if let queueName { state.withLock { $0.failed.append(queueName) } }
                }
            }
        }
        for problem in problems { logger.error("A model cannot be served", metadata: [LogKeys.reason: "\(problem)"]) }
        guard state.withLock({ $0.served.isEmpty }) else { return }
        throw WorkerError(
            .noModel,
            wanted.isEmpty
                ? "no model names the pool '\(configuration.pool.name)' in its 'pools'; add it to one"
                : "worker \(configuration.id) can serve no model: " + problems.joined(separator: "; "))
    }

    private func add(_ model: LoadedModel, settings: ModelSettings, queueName: QueueName) {
        let wake = Signal()
        takers.add(wake)
        let runner = ModelRunner(
            identity: .init(
                queue: queueName, worker: configuration.id, maximumAttempts: settings.maximumAttempts,
                instances: model.threads.count),
            model: model, batching: settings.batching, hungRunBound: configuration.hungRunBound, writer: writer,
            inputs: inputs,
            beginTrial: { [queue] id throws(QueueError) in try await queue.beginTrial(of: id) },
            meters: ModelMeters(model: settings.name, in: series), time: time, steady: steady,
            clock: clock, logger: logger,
            onRoom: { [progress] in
                wake.raise()
                progress.raise()
            }, onInputsFreed: { [takers] in takers.wakeAll() })
        let taker = TakeLoop(
            queue: queue, runner: runner, writer: writer, patience: configuration.patience, clock: clock,
            logger: logger, wake: wake)
        state.withLock {
            $0.served.append(ServedModel(settings: settings, runner: runner, taker: taker, model: model))
        }
    }
}
