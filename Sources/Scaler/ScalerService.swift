import ScalerCore
package import Clusters
package import Jobs
package import Logging
package import Observability
package import Scaling
import ServiceLifecycle
package import Settings
package import Time
import Clocks

/// The scaler role: looks at the queues and the workers, lets `Scaling.decide` say how many workers each pool should
/// have, and has the drivers make it so.
///
/// | loop | when | what |
/// |---|---|---|
/// | decide | every `interval` while anything moves, every second otherwise, and at once after a submit or an exit | observe, decide, start and drain, record |
/// | follow | as a driver tells it | a worker ended: its jobs go back to the queue at once |
/// | reap | every second | leases that ran out; jobs that became due |
/// | files | every second | a changed policy counts from the next look on |
///
/// While the queue cannot be reached nothing is scaled in, and it is tried again at every look. Graceful shutdown drains
/// all workers that it started and waits for them, at most the longest drain time-out and 5 s; then it kills them.
package actor ScalerService: Service {
    /// What a forecast expects to arrive for a model, seen from a moment.
    package typealias ExpectedSource =
        @Sendable (_ queue: QueueName, _ now: Timestamp, _ settings: ForecastSettings) -> [ExpectedArrivals]

    var configuration: Configuration
    let observer: any QueueObserver
    let drivers: [PoolSettings.Driver: any PoolDriver]
    let series: ScalerSeries
    let time: any TimeSource
    let clock: any Clock<Duration>
    let logger: Logger
    /// As the files say; `effectivePolicy` adds what is set by hand.
    var policy: Policy
    let wake = Signal()
    private let gate = SubmissionGate()
    /// Raised when a worker of ours ends, for the shutdown.
    let ending = Signal()

    var fleet = Fleet()
    /// Told of each decision of a scaler that leads, with the time at which the queues behind it were read.
    let announce: (@Sendable (_ decision: Decision, _ seen: Timestamp) async -> Void)?
    var policyState = PolicyState()
    var log = DecisionLog()
    var sight: QueueSight
    var lastDecision: Decision?
    /// Where operators' settings, decisions and counts live; `nil`: there is no such place, and none of it happens.
    let store: (any OperatorStore)?
    /// What cannot be served; `nil`: nobody says so.
    let serving: ServingSight?
    var servingNotes = ServingNotes()
    /// What a forecast expects for a model at a time; only raises.
    let expected: ExpectedSource
    /// Which of several scalers may act; `nil`: there is but one.
    let leadership: (any Leadership)?
    /// When this scaler was seen not to lead any more; `nil` while it leads.
    var deposed: Timestamp?
    var handovers: [String: Handover] = [:]
    var control = ControlState()
    var files: SettingsWatch?
    var arrivalCounter = ArrivalCounter()
    var usageMeter = UsageMeter()
    /// The policy that was written last, and its hash.
    var keptPolicy: (policy: Policy, hash: String)?
    /// When the service was made; what was asked of an earlier one does not count.
    let started: Timestamp
    /// Workers that ended and whose jobs could not be given back yet.
    var unreaped: [String: Unreaped] = [:]
    var isStopping = false
    /// When a pool's count was last ordered.
    var ordered: [String: Timestamp] = [:]

    /// - Parameters:
    ///   - drivers: those that the pools name; a pool whose driver is missing is only observed.
    ///   - store: where what operators set is found, and where decisions and counts go.
    ///   - serving: what cannot be served, for which no worker is started.
    ///   - expected: what is to come; by default nothing is known of it. Asked with every look, so it must be quick.
    ///   - leadership: which of several scalers may act. One that does not lead observes and decides for itself, so that it
    ///     can take over with the next look, and changes nothing.
    ///   - files: those that the configuration came from; `nil`: it does not change.
    ///   - time: the cluster's common time.
    ///   - clock: what the service waits by.
    package init(
        configuration: Configuration, observer: any QueueObserver,
        drivers: [PoolSettings.Driver: any PoolDriver], store: (any OperatorStore)? = nil, serving: ServingSight? = nil,
        expected: @escaping ExpectedSource = { _, _, _ in [] }, leadership: (any Leadership)? = nil,
        announce: (@Sendable (_ decision: Decision, _ seen: Timestamp) async -> Void)? = nil,
        files: SettingsWatch? = nil, metrics: MetricsRegistry,
        time: any TimeSource,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.configuration = configuration
        self.observer = observer
        self.drivers = drivers
        series = ScalerSeries(in: metrics)
        self.store = store
        self.serving = serving
        self.expected = expected
        self.leadership = leadership
        self.announce = announce
        self.files = files
        self.time = time
        started = time.now()
        self.clock = clock
        self.logger = logger
        policy = Policy(
            scaler: configuration.settings, models: configuration.models, pools: configuration.pools)
        sight = QueueSight(queues: configuration.queues)
    }

    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            if let leadership { group.addTask { await leadership.run() } }
            for driver in drivers.values {
                group.addTask {
                    // A driver takes over what an earlier scaler left; only the one that leads may.
                    guard await self.waitUntilLeading() else { return }
                    await driver.run()
                }
                group.addTask { await self.follow(driver) }
            }
            // Cancelled by the shutdown, which comes next.
            await cancelWhenGracefulShutdown { await self.serve() }
            await drainAll()
            await finishCounting()
            group.cancelAll()
        }
    }

    private func serve() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.decideRepeatedly() }
            if leadership != nil { group.addTask { await self.followTerms() } }
            group.addTask { await self.reapRepeatedly() }
            group.addTask { [observer, time, wake, gate] in
                await observer.watchSubmissions { _ in if gate.admits(at: time.now()) { wake.raise() } }
            }
            await group.waitForAll()
        }
    }

    /// Looks at once when the leadership changes.
    private func followTerms() async {
        guard let leadership else { return }
        for await _ in leadership.terms() { wake.raise() }
    }

    /// - Returns: whether it came to that before the end.
    private func waitUntilLeading() async -> Bool {
        guard !configuration.isDryRun else { return false }
        guard let leadership else { return true }
        for await term in leadership.terms() where term != nil { return true }
        return false
    }

    private func decideRepeatedly() async {
        while !Task.isCancelled {
            await look()
            gate.noteLook(at: time.now(), isMoving: isMoving)
            await wake.wait(
                atMost: isMoving ? configuration.settings.interval : configuration.idleInterval, clock: clock)
        }
    }

    private func reapRepeatedly() async {
        while !Task.isCancelled {
            if leads || !unreaped.isEmpty { await reapExpired() }
            lookAtFiles()
            lookAtVersions()
            await lookAtFailedModels()
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: .seconds(1), tolerance: nil)
        }
    }

    private func follow(_ driver: any PoolDriver) async {
        for await event in driver.events {
            switch event {
            case .started(let worker, let pool): fleet.noteStart(worker, in: pool, at: time.now())
            case .exited(let worker, let pool, let reason, let isFailure, let ran):
                await noteEnd(of: worker, in: pool, reason: reason, isFailure: isFailure, ran: ran)
            }
        }
    }

    /// Whether anything waits, runs, starts or leaves.
    private var isMoving: Bool {
        sight.hasWork || !unreaped.isEmpty || fleet.members.values.contains { $0.phase != .ready }
    }

    // MARK: What a loop does once

    /// Observes, decides and acts once.
    package func look() async {
        await observe()
        guard !isStopping, !Task.isCancelled else { return }
        noteLeading()
        await killHung()
        let now = time.now()
        let policy = effectivePolicy(at: now)
        let seen = observation(at: now)
        let before = policyState
        let decision = decide(seen, policy: policy, state: &policyState)
        lastDecision = decision
        measure(decision)
        guard leads || configuration.isDryRun else { return await standBy(at: now) }
        if leads { await publishPools(at: now) }
        let records = log.note(decision) { isActedOn($0) }
        if configuration.isDryRun {
            return await writeUnlessLed(records, observation: seen, policy: policy, state: before)
        }
        await act(on: decision)
        if let announce, let seen = sight.read { await announce(decision, seen) }
        await write(records, observation: seen, policy: policy, state: before)
    }

    private func observe() async {
        let queues = configuration.queues
        async let snapshots = observer.snapshot(of: queues)
        async let reports = observer.workers()
        async let control = readControl()
        do {
            let (snapshots, reports) = try await (snapshots, reports)
            let now = time.now()
            if let outage = sight.note(snapshots, reports, at: now) {
                logger.info("The queue can be read again", metadata: [LogKeys.reason: "after \(outage)"])
            }
            let silent = fleet.silent
            for (pool, startUp) in fleet.note(reports, readable: sight.readableSince, at: now) {
                series.startUp(pool: pool).record(startUp)
            }
            saySilence(before: silent)
            if let control = await control {
                if leads { await follow(control, at: now) } else { self.control = control }
            }
            if leads {
                await count(snapshots, at: now)
            } else if configuration.isDryRun, await !isLed() {
                await count(snapshots, at: now)
            }
        } catch {
            if sight.noteFailure(at: time.now()) {
                logger.error(
                    "The queue cannot be read; the workers stay as they are", metadata: [LogKeys.reason: "\(error)"])
            }
        }
    }

    /// `nil` when it cannot be read: then what was set before still counts.
    private func readControl() async -> ControlState? {
        guard let store else { return nil }
        do {
            return try await store.control()
        } catch {
            // `observe` says that the queue is away.
            logger.debug("What operators set was not read", metadata: [LogKeys.reason: "\(error)"])
            return nil
        }
    }

    private func models(at now: Timestamp) -> [ModelObservation] {
        zip(configuration.queues, sight.models(at: now)).map { queue, model in
            var model = model
            model.unservable = unservable(queue, at: now)
            model.expected = declared(for: queue, at: now) + expected(queue, now, configuration.settings.forecast)
            return model
        }
    }

    private func observation(at now: Timestamp) -> Observation {
        Observation(
            time: now, queuesRead: sight.read, workersRead: sight.read, models: models(at: now),
            pools: configuration.pools.map { pool in
                fleet.observation(
                    of: pool.name, unavailable: drivers[pool.driver]?.unavailability(of: PoolPlace(pool))?.reason,
                    protected: control.workers(.protect, at: now), waiting: heldUpQueues(of: pool), at: now)
            })
    }

    private func measure(_ decision: Decision) {
        for pool in decision.pools {
            let figures = pool.figures
            series.set(
                pool: pool.pool, starting: figures.starting, ready: figures.busy + figures.idle,
                draining: figures.draining)
            series.wanted(pool: pool.pool).set(pool.wanted)
            if pool.starts > 0 { series.decisions(pool: pool.pool, direction: .out).increment() }
            if pool.drains > 0 { series.decisions(pool: pool.pool, direction: .in).increment() }
        }
    }
}
