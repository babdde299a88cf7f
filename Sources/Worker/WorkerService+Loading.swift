import Inference
import Jobs
import Logging
import Observability
import ServiceLifecycle
import Settings
import Synchronization
import Time

/// How a worker gets its models.
extension WorkerService {
    /// Loads the models, but waits no longer than the loading bound and not at all once told to stop.
    func loadWithinBound() async throws(WorkerError) {
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
    func loadModels() async throws(WorkerError) {
        let wanted = configuration.models.filter { $0.pools.contains(configuration.pool.name) }
        var problems: [String] = []
        await withTaskGroup(of: (ModelSettings, Result<LoadedModel, any Error>).self) { group in
            for settings in wanted {
                group.addTask {
                    self.trials.noteLoad(.began)
                    defer { self.trials.noteLoad(.ended) }
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

    func add(_ model: LoadedModel, settings: ModelSettings, queueName: QueueName) {
        let wake = Signal()
        takers.add(wake)
        let runner = ModelRunner(
            identity: .init(
                queue: queueName, worker: configuration.id, maximumAttempts: settings.maximumAttempts,
                instances: model.threads.count),
            model: model, batching: settings.batching, hungRunBound: configuration.hungRunBound, writer: writer,
            inputs: inputs,
            onTrials: { [trials] in trials.note() }, notes: notes.ofModel(instances: model.threads.count),
            meters: ModelMeters(model: settings.name, in: series), time: time, steady: steady,
            clock: clock, logger: logger,
            onRoom: { [progress] in
                wake.raise()
                progress.raise()
            }, onInputsFreed: { [takers] in takers.wakeAll() })
        let taker = TakeLoop(
            queue: queue, runner: runner, writer: writer, patience: configuration.patience, clock: clock,
            logger: logger, wake: wake)
        trials.add(runner)
        state.withLock {
            $0.served.append(ServedModel(settings: settings, runner: runner, taker: taker, model: model))
        }
    }
}
