package import Clusters
package import Jobs
package import Logging
package import Observability
import Scaling
import ServiceLifecycle
package import Settings
package import Time

/// The scaler role: looks at the queues and the workers, lets `Scaling.decide` say how many workers each pool should
/// have, and has the drivers make it so.
///
/// | loop | when | what |
/// |---|---|---|
/// | decide | every `interval` while anything moves, every second otherwise, and at once after a submit or an exit | observe, decide, start and drain, record |
/// | follow | as a driver tells it | a worker ended: its jobs go back to the queue at once |
/// | reap | every second | leases that ran out; jobs that became due |
///
/// While the queue cannot be reached nothing is scaled in, and it is tried again at every look. Graceful shutdown drains
/// all workers that it started and waits for them, at most the longest drain time-out and 5 s; then it kills them.
package actor ScalerService: Service {
    let configuration: Configuration
    let observer: any QueueObserver
    let drivers: [PoolSettings.Driver: any WorkerDriver]
    let series: ScalerSeries
    let time: any TimeSource
    let clock: any Clock<Duration>
    let logger: Logger
    let policy: Policy
    let wake = WakeSignal()
    private let gate = SubmissionGate()
    /// Raised when a worker of ours ends, for the shutdown.
    let ending = WakeSignal()

    var fleet = Fleet()
    var policyState = PolicyState()
    var log = DecisionLog()
    var sight: QueueSight
    var lastDecision: Decision?
    /// Workers that ended and whose jobs could not be given back yet.
    var unreaped: [String: String] = [:]
    var isStopping = false

    /// - Parameters:
    ///   - drivers: those that the pools name; a pool whose driver is missing is only observed.
    ///   - time: the cluster's common time.
    ///   - clock: what the service waits by.
    package init(
        configuration: Configuration, observer: any QueueObserver,
        drivers: [PoolSettings.Driver: any WorkerDriver], metrics: MetricsRegistry, time: any TimeSource,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.configuration = configuration
        self.observer = observer
        self.drivers = drivers
        series = ScalerSeries(in: metrics)
        self.time = time
        self.clock = clock
        self.logger = logger
        policy = Policy(
            scaler: configuration.settings, models: configuration.models, pools: configuration.pools)
        sight = QueueSight(queues: configuration.queues)
    }

    package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for driver in drivers.values { group.addTask { await self.follow(driver) } }
            // Cancelled by the shutdown, which comes next.
            await cancelWhenGracefulShutdown { await self.serve() }
            await drainAll()
            group.cancelAll()
        }
    }

    private func serve() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.decideRepeatedly() }
            group.addTask { await self.reapRepeatedly() }
            group.addTask { [observer, time, wake, gate] in
                await observer.watchSubmissions { _ in if gate.admits(at: time.now()) { wake.raise() } }
            }
            await group.waitForAll()
        }
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
            await reapExpired()
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: .seconds(1), tolerance: nil)
        }
    }

    private func follow(_ driver: any WorkerDriver) async {
        for await event in driver.events {
            switch event {
            case .started(let worker, let pool): fleet.noteStart(worker, in: pool, at: time.now())
            case .exited(let worker, let pool, let reason, let isFailure):
                await noteEnd(of: worker, in: pool, reason: reason, isFailure: isFailure)
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
        await killHung()
        let now = time.now()
        let decision = decide(observation(at: now), policy: policy, state: &policyState)
        lastDecision = decision
        measure(decision)
        let records = log.note(decision) { isActedOn($0) }
        if !configuration.isDryRun { await act(on: decision) }
        await write(records)
    }

    private func observe() async {
        let queues = configuration.queues
        async let snapshots = observer.snapshot(of: queues)
        async let reports = observer.workers()
        do {
            let (snapshots, reports) = try await (snapshots, reports)
            let now = time.now()
            if let outage = sight.note(snapshots, reports, at: now) {
                logger.info("The queue can be read again", metadata: [LogKeys.reason: "after \(outage)"])
            }
            for (pool, startUp) in fleet.note(reports, at: now) { series.startUp(pool: pool).record(startUp) }
        } catch {
            if sight.noteFailure(at: time.now()) {
                logger.error(
                    "The queue cannot be read; the workers stay as they are", metadata: [LogKeys.reason: "\(error)"])
            }
        }
    }

    private func observation(at now: Timestamp) -> Observation {
        Observation(
            time: now, queuesRead: sight.read, workersRead: sight.read, models: sight.models(at: now),
            pools: configuration.pools.map { pool in
                fleet.observation(
                    of: pool.name, unavailable: drivers[pool.driver]?.unavailability(of: pool), at: now)
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

    /// A record that Redis does not take stays in memory; the outage itself is logged by `observe`.
    private func write(_ records: [DecisionRecord]) async {
        for record in records {
            logger.debug("Decided", metadata: [LogKeys.pool: "\(record.pool)", LogKeys.reason: "\(record.reason)"])
            do {
                try await observer.record(decision: record.json)
            } catch {
                logger.debug("A decision was not recorded", metadata: [LogKeys.reason: "\(error)"])
            }
        }
    }
}
