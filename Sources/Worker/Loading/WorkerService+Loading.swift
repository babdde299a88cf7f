import Inference
import Jobs
import Logging
import Observability
import ServiceLifecycle
import Settings
import Synchronization
import Tensors
import Time
import Clocks
import WorkerCore

/// How a worker gets its models.
extension WorkerService {
    /// The models of the pool that a queue can be named after.
    var wanted: [(settings: ModelSettings, queue: QueueName)] {
        configuration.models.filter { $0.pools.contains(configuration.pool.name) }
            .compactMap { settings in settings.queue.map { (settings, $0) } }
    }

    /// Loads each model and serves it from then on, until cancelled. Those that workers died with come first, one by one,
    /// before a job is taken; the others load side by side, and none waits for another.
    func serveModels(_ keeper: LeaseKeeper) async {
        // Whose lease cannot be seen counts as dead, and its loads as what killed it.
        if loads != nil { await keeper.waitUntilRenewed(atMost: .seconds(5)) }
        let wanted = wanted
        let plan = await makePlan(wanted)
        for (queue, fault) in plan.leftOut { await leaveOut(queue, fault) }
        var first: [QueueName: LoadAttempt] = [:]
        for (settings, queue) in wanted where plan.suspects.contains(queue) && stage == .starting {
            let attempt = await begin(settings, queue, isAlone: true)
            first[queue] = attempt
            _ = await outcome(of: attempt, settings, queue, waitsBeyondBound: false)
        }
        await withDiscardingTaskGroup { group in
            for (settings, queue) in wanted {
                let attempt = first[queue]
                let fault = plan.leftOut[queue]
                group.addTask { await self.keep(settings, queue, attempt, leftOut: fault) }
            }
        }
    }

    /// Loads one model until that succeeds, then serves it.
    private func keep(
        _ settings: ModelSettings, _ queue: QueueName, _ first: LoadAttempt?, leftOut: ServingFault?
    ) async {
        var attempt = first
        var settings = settings
        if let leftOut {
            await waitToRetry(settings, queue, after: NotedFault(fault: leftOut, isOnBoard: true))
            settings = mended(settings, queue)
        }
        // One that workers died with is tried by one of them at a time: should it still end the process, the others serve on.
        var hasTurn = leftOut != nil
        while !Task.isCancelled, stage < .draining {
            let current: LoadAttempt
            if let attempt { current = attempt } else { current = await begin(settings, queue, isAlone: false) }
            attempt = nil
            let outcome = await outcome(of: current, settings, queue, waitsBeyondBound: true)
            if hasTurn, !Task.isCancelled {
                hasTurn = false
                await endTurn(queue)
            }
            switch outcome {
            case .loaded(let model): return await serve(model, settings, queue)
            case .failed(let fault):
                await waitToRetry(settings, queue, after: fault)
                settings = mended(settings, queue)
            case .underWay: return
            }
        }
    }

    /// What the files say by now of a model that is to be tried again, unless they make another queue of it.
    func mended(_ settings: ModelSettings, _ queue: QueueName) -> ModelSettings {
        let read = reread(settings)
        return read.queue == queue && read.pools.contains(configuration.pool.name) ? read : settings
    }

    private func serve(_ model: LoadedModel, _ settings: ModelSettings, _ queue: QueueName) async {
        guard let served = add(model, settings: settings, queueName: queue) else { return await model.unload() }
        await runLoops(of: served)
    }

    private func begin(_ settings: ModelSettings, _ queue: QueueName, isAlone: Bool) async -> LoadAttempt {
        let stamp = stamp(settings)
        change { $0.conditions[queue] = .loading }
        await note("A load was not noted") { board throws(QueueError) in
            try await board.begin(
                LoadEntry(
                    worker: self.configuration.id, pool: self.configuration.pool.name, queue: queue.description,
                    stamp: stamp, began: self.time.now(), isAlone: isAlone))
        }
        change { $0.loadsUnderWay += 1 }
        noteLoad(.began)
        return LoadAttempt(settings, with: load, stamp: stamp, isAlone: isAlone, at: steady.now()) { attempt in
            if attempt.noteOver() { self.noteLoad(.ended) }
            self.change { $0.loadsUnderWay -= 1 }
        }
    }

    /// A load that ends the process must not be taken for the fault of a job.
    private func noteLoad(_ load: RunNotes.Load) {
        notes.load(load)
        trials.noteLoad(load)
    }

    enum LoadOutcome {
        case loaded(LoadedModel)
        case failed(NotedFault)
        /// Nobody waits for it any more.
        case underWay
    }

    /// Waits for a load and notes how it ended; one that takes longer than it may counts as failed until it has ended.
    private func outcome(
        of attempt: LoadAttempt, _ settings: ModelSettings, _ queue: QueueName, waitsBeyondBound: Bool
    ) async -> LoadOutcome {
        let bound = settings.loadBound(least: configuration.loadingBound)
        var result: Result<LoadedModel, any Error>?
        if !attempt.isOverdue {
            result = await attempt.result(
                within: max(bound - (steady.now() - attempt.began), .zero), clock: clock)
            if result == nil, !Task.isCancelled, !attempt.noteOverdue() {
                // Jobs on trial wait for a load that may end the process, but not for ever.
                if attempt.noteOver() { noteLoad(.ended) }
                await fail(queue, settings, attempt, .overdue(bound))
            }
        }
        if result == nil {
            guard waitsBeyondBound else { return .underWay }
            result = await attempt.result(within: nil, clock: clock)
        }
        switch result {
        case nil: return .underWay
        case .success(let model):
            if !attempt.noteResult() { await succeed(queue) }
            return .loaded(model)
        case .failure(let error):
            let isNew = !attempt.noteResult()
            return .failed(await fail(queue, settings, attempt, .error("\(error)", isNew: isNew)))
        }
    }

    private func succeed(_ queue: QueueName) async {
        await note("A load's end was not noted") { board throws(QueueError) in
            try await board.end(queue, at: self.configuration.id)
            let pool = self.configuration.pool.name
            guard try await board.faults().all.contains(where: { $0.pool == pool && $0.queue == queue.description })
            else { return }
            try await board.clear(pool: pool, queue: queue)
        }
    }

    // MARK: Serving

    /// - Returns: `nil` once the worker drains.
    private func add(_ model: LoadedModel, settings: ModelSettings, queueName: QueueName) -> ServedModel? {
        let wake = Signal()
        let runner = makeRunner(model, settings: settings, queueName: queueName, wake: wake)
        let taker = TakeLoop(
            queue: queue, runner: runner, writer: writer, patience: configuration.patience, clock: clock,
            logger: logger, wake: wake)
        let served = ServedModel(settings: settings, runner: runner, taker: taker, model: model)
        let (isAdded, isFirst) = state.withLock { state in
            guard state.stage < .draining else { return (false, false) }
            state.served.append(served)
            state.runningTakers += 1
            state.conditions[queueName] = .loaded
            let isFirst = state.stage == .starting
            if isFirst { state.stage = .ready }
            return (true, isFirst)
        }
        guard isAdded else { return nil }
        sayHowItRuns(model, settings)
        takers.add(wake)
        trials.add(runner)
        if isFirst { logger.info("Ready", metadata: [LogKeys.modelName: "\(settings.name)"]) }
        noteProgress()
        return served
    }

    /// Whether requests share runs, and why; and why the first call will be slow, if it will.
    private func sayHowItRuns(_ model: LoadedModel, _ settings: ModelSettings) {
        let name: Logger.MetadataValue = "\(settings.name)"
        logger.log(
            level: model.joining.isExpected ? .info : .notice, "A model is loaded",
            metadata: [LogKeys.modelName: name, LogKeys.reason: "\(model.joining.reason)"])
        guard let problem = model.warmUpProblem else { return }
        logger.notice(
            "A model is not warmed up",
            metadata: [
                LogKeys.modelName: name,
                LogKeys.reason:
                    "\(problem). Its first call will be slow; shapes that it runs with can be given under warm_up in model.yaml",
            ])
    }

    private func makeRunner(
        _ model: LoadedModel, settings: ModelSettings, queueName: QueueName, wake: Signal
    ) -> ModelRunner {
        ModelRunner(
            identity: .init(
                queue: queueName, worker: configuration.id, maximumAttempts: settings.maximumAttempts,
                instances: model.threads.count),
            model: model, batching: settings.batching,
            runBound: RunBound(settings, least: configuration.hungRunBound), writer: writer,
            inputs: inputs,
            onTrials: { [trials] in trials.note() }, notes: notes.ofModel(instances: model.threads.count),
            meters: ModelMeters(model: settings.name, in: series), time: time, steady: steady,
            clock: clock, logger: logger,
            onRoom: { [progress] in
                wake.raise()
                progress.raise()
            }, onInputsFreed: { [takers] in takers.wakeAll() })
    }

    // MARK: State

    /// Changes the state and lets whoever waits for it look.
    func change(_ body: (inout sending State) -> Void) {
        state.withLock { body(&$0) }
        noteProgress()
    }

    /// The start-up is over once each model is loaded or has failed.
    private func noteProgress() {
        let startUp = launched.ago + (steady.now() - launched.at)
        let isComplete = state.withLock { state in
            guard state.startUp == nil, state.stage >= .ready,
                state.conditions.areSettled
            else { return false }
            state.startUp = startUp
            return true
        }
        if isComplete {
            logger.info("All models are loaded or have failed", metadata: [LogKeys.reason: "after \(startUp)"])
        }
        stageChanged.raise()
        progress.raise()
        renewal.withLock { $0 }?.renewNow()
    }

    /// Waits until a model can be served.
    func waitForFirstModel() async throws(WorkerError) {
        while true {
            let (stage, conditions, isServing) = state.withLock { ($0.stage, $0.conditions, !$0.served.isEmpty) }
            switch stage {
            case .ready: return
            // It was ready, and told to stop before anybody saw that here.
            case .draining where isServing, .cutShort where isServing: return
            case .draining, .cutShort:
                logger.info("Told to stop while loading", metadata: [:])
                throw WorkerError(
                    .stoppedLoading, "worker \(configuration.id) was told to stop while it loaded its models")
            case .starting: try checkHope(conditions)
            }
            await stageChanged.wait()
        }
    }

    /// - Throws: when none of the models is there, or on its way.
    private func checkHope(_ conditions: ModelConditions) throws(WorkerError) {
        switch conditions.hope {
        case .some: return
        case .noModels:
            throw WorkerError(
                .noModel, "no model names the pool '\(configuration.pool.name)' in its 'pools'; add it to one")
        case .none(let reasons, let isOverdue):
            throw WorkerError(
                isOverdue ? .hungLoad : .noModel,
                "worker \(configuration.id) can serve no model: " + reasons.joined(separator: "; "))
        }
    }
}
