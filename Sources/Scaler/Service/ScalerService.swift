import Clocks
package import Clusters
package import Jobs
package import Logging
package import Observability
package import Operations
package import ScalerCore
package import Scaling
import ServiceLifecycle
package import Settings
package import Time

/// The scaler role: observes the queues and the workers, tells its machine what happened, and does what that asks for.
///
/// | loop | when | what |
/// |---|---|---|
/// | decide | every `interval` while anything moves, every second otherwise, and at once after a submit or an exit | observe, decide, start and drain, record |
/// | follow | as a driver tells it | a worker ended: its jobs go back to the queue at once |
/// | reap | every second | leases that ran out; jobs that became due |
/// | files | every second | a changed policy counts from the next look on |
///
/// What is decided, `ScalerMachine` decides; after each wait it is told of the result, and nothing else of it changes.
///
/// While the queue cannot be reached nothing is scaled in, and it is tried again at every look. Graceful shutdown drains
/// all workers that it started and waits for them, at most the longest drain time-out and 5 s; then it kills them.
package actor ScalerService: Service {
    /// What a forecast expects to arrive for a model, seen from a moment.
    package typealias ExpectedSource =
        @Sendable (_ queue: QueueName, _ now: Timestamp, _ settings: ForecastSettings) -> [ExpectedArrivals]

    package private(set) var machine: ScalerMachine
    package internal(set) var configuration: Configuration
    let observer: any QueueObserver
    package let drivers: [PoolSettings.Driver: any PoolDriver]
    let notes: ScalerNotes
    let time: any TimeSource
    let clock: any Clock<Duration>
    let logger: Logger
    let wake = Signal()
    private let gate = SubmissionGate()
    /// Raised when a worker of ours ends, for the shutdown.
    private let ending = Signal()
    /// Told of each decision of a scaler that leads, with the time at which the queues behind it were read.
    let announce: (@Sendable (_ decision: Decision, _ seen: Timestamp) async -> Void)?
    /// Where operators' settings, decisions and counts live; `nil`: there is no such place, and none of it happens.
    let store: (any OperatorStore)?
    /// What cannot be served; `nil`: nobody says so.
    let serving: ServingSight?
    /// What a forecast expects for a model at a time; only raises.
    let expected: ExpectedSource
    /// Which of several scalers may act; `nil`: there is but one.
    let leadership: (any Leadership)?
    var files: SettingsWatch?
    /// By model: the newer version that was said to be there.
    var saidVersions: [String: String] = [:]
    /// The policy that was written last, and its hash.
    var keptPolicy: (policy: Policy, hash: String)?

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
        configuration: Configuration, observer: any QueueObserver, drivers: [PoolSettings.Driver: any PoolDriver],
        store: (any OperatorStore)? = nil, serving: ServingSight? = nil,
        expected: @escaping ExpectedSource = { _, _, _ in [] }, leadership: (any Leadership)? = nil,
        announce: (@Sendable (_ decision: Decision, _ seen: Timestamp) async -> Void)? = nil,
        files: SettingsWatch? = nil, metrics: MetricsRegistry, time: any TimeSource,
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.configuration = configuration
        self.observer = observer
        self.drivers = drivers
        notes = ScalerNotes(logger: logger, series: ScalerSeries(in: metrics))
        self.store = store
        self.serving = serving
        self.expected = expected
        self.leadership = leadership
        self.announce = announce
        self.files = files
        self.time = time
        self.clock = clock
        self.logger = logger
        machine = ScalerMachine(
            ScalerPlan(configuration, orderings: drivers.mapValues(\.ordering), hasRivals: leadership != nil),
            at: time.now())
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
            await enter(.finish)
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
            gate.noteLook(at: time.now(), isMoving: machine.isMoving)
            await wake.wait(
                atMost: machine.isMoving ? configuration.settings.interval : configuration.idleInterval, clock: clock)
        }
    }

    private func reapRepeatedly() async {
        while !Task.isCancelled {
            await reapExpired()
            await lookAtFiles()
            lookAtVersions()
            await lookAtFailedModels()
            // The only error is the cancellation, which the loop looks at.
            try? await clock.sleep(for: .seconds(1), tolerance: nil)
        }
    }

    private func follow(_ driver: any PoolDriver) async { for await event in driver.events { await note(event) } }

    // MARK: Events

    /// Tells the machine what happened, and does what it asks for until nothing is left to do.
    func enter(_ event: ScalerEvent) async {
        await withTaskGroup(of: ScalerResult?.self) { group in
            func tell(_ event: ScalerEvent) {
                for action in machine.handle(event, at: time.now(), leads: leads) {
                    switch action {
                    case .note(let note): notes.write(note)
                    case .wake: wake.raise()
                    default: group.addTask { await self.perform(action) }
                    }
                }
            }
            tell(event)
            for await result in group { if let result { tell(.result(result)) } }
        }
    }

    /// Whether this scaler may act at this moment.
    private var leads: Bool { leadership.map { $0.term() != nil } ?? true }

    /// Observes, decides and acts once.
    package func look() async {
        let event = await observe()
        // What was read is noted in any case: whether the queue is away decides how the end goes.
        if Task.isCancelled { await enter(.ending) }
        await enter(event)
        while machine.asksForMore, !Task.isCancelled { await enter(.goOn) }
    }

    /// What a driver tells. The jobs of a worker that ended are given back, and it is decided anew.
    package func note(_ event: WorkerEvent) async {
        await enter(.worker(event))
        if case .exited = event {
            ending.raise()
            wake.raise()
        }
    }

    /// Gives back what belongs to workers that ended or have no lease any more, and makes due jobs takable.
    package func reapExpired() async { await enter(.second) }

    // MARK: The end

    /// Drains every worker that it started and waits for their ends; kills those that stay. Where a count is the order it
    /// stays as it is: those workers go on without a scaler.
    package func drainAll() async {
        await enter(.stop)
        let longest = configuration.pools.map(\.drainTimeout).max() ?? .zero
        await waitForEnds(atMost: longest + .seconds(5))
        await enter(.drainTimeOver)
        await waitForEnds(atMost: .seconds(2))
    }

    private func waitForEnds(atMost limit: Duration) async {
        let deadline = Deadline(limit, on: clock)
        while !machine.drainable.isEmpty, !Task.isCancelled {
            let remaining = deadline.remaining
            guard remaining > .zero else { return }
            await ending.wait(atMost: remaining, clock: clock)
            await enter(.term)
        }
    }
}

/// A moment on a clock whose instants are not known.
private struct Deadline {
    private let remainingTime: () -> Duration

    init(_ limit: Duration, on clock: some Clock<Duration>) {
        let end = clock.now.advanced(by: limit)
        remainingTime = { clock.now.duration(to: end) }
    }

    var remaining: Duration { remainingTime() }
}
