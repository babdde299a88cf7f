import Clocks
import Clusters
import Foundation
import Inference
import Jobs
import Logging
import Observability
import RedisQueue
import Scaler
import Scaling
import ServiceLifecycle
import Settings
import Time

/// The scaler with the drivers that its pools name.
struct ScalerParts {
    let service: ScalerService
    /// Where operators' settings, decisions and counts live; it needs its `run`.
    let store: RedisOperatorStore
    private let fence: RedisFence?
    private let keda: KedaParts?
    private let forecasts: ForecastKeeper

    /// In the order of their start.
    var services: [any Service] {
        let (store, fence, forecasts) = (store, fence, forecasts)
        var services: [any Service] = [LoopService { await store.run() }, LoopService { await forecasts.run() }]
        if let fence { services.append(LoopService { await fence.run() }) }
        services += (keda?.services ?? []) + [service]
        // With a terminal SIGHUP is its end, and drains.
        return TerminalSignal.isOfTerminal ? services : services + [ReloadSignal(scaler: service)]
    }

    /// - Parameters:
    ///   - redis: address that containers are told.
    ///   - parentDeath: what becomes of worker processes when this one ends, however it ends.
    ///   - arguments: what follows `spate` in the command line of a worker.
    ///   - identity: of the cluster, by which it knows its own workers on a machine.
    ///   - isSole: no other scaler can reach this Redis, so a lease that stands is of an earlier life of this one.
    ///   - files: those that the settings came from, to follow their changes.
    ///   - logDirectory: for the output of workers; `nil`: this process's own output.
    init(
        settings: ClusterSettings, redis: String? = nil, queue: QueueConnections, observer: RedisQueueObserver,
        board: RedisLoadBoard, processes: ChildProcesses, parentDeath: ParentDeath,
        arguments: @escaping @Sendable (_ pool: String, _ worker: String) -> [String], logDirectory: String?,
        isDryRun: Bool = false, identity: String, isSole: Bool = false, files: SettingsWatch? = nil,
        metrics: MetricsRegistry,
        logger: Logger
    ) throws {
        var logs = ProcessDriver.Logs.inherited
        if let logDirectory {
            try FileManager.default.createDirectory(atPath: logDirectory, withIntermediateDirectories: true)
            logs = .directory(logDirectory)
        }
        let kubernetes = try KubernetesClient.make(settings)
        let leadership: any Leadership
        let holder = BootID.make("scaler")
        if isDryRun {
            fence = nil
            leadership = Bystander()
        } else if let kubernetes {
            let fence = RedisFence(queue.connections)
            self.fence = fence
            leadership = KubernetesLeadership(
                LeaseElection(
                    client: kubernetes,
                    configuration: LeaseConfiguration(
                        name: settings.kubernetes.lease, identity: holder, duration: settings.kubernetes.leaseDuration),
                    time: queue.clock, logger: logger), registry: fence,
                time: MonotonicTime(ContinuousClock()), clock: ContinuousClock(), logger: logger)
        } else {
            fence = nil
            leadership = RedisLeadership(queue.connections, holder: holder, contention: isSole ? .sole : .shared)
        }
        for declared in settings.scaler.calendar where declared.isOver(at: queue.clock.now()) {
            logger.notice("An event of the calendar is over", metadata: [LogKeys.reason: "\(declared.text)"])
        }
        let keda =
            isDryRun
            ? nil
            : KedaParts(
                settings: settings, connections: queue.connections, leadership: leadership, time: queue.clock,
                logger: logger)
        self.keda = keda
        var announce: (@Sendable (Decision, Timestamp) async -> Void)?
        if let keda { announce = { await keda.announce($0, seen: $1) } }
        // What a dry run writes, it writes only while nobody leads.
        let store = RedisOperatorStore(queue.connections, leadership: isDryRun ? nil : leadership)
        self.store = store
        let forecasts = ForecastKeeper(
            queues: settings.models.compactMap(\.queue), settings: settings.scaler.forecast, ledger: store,
            time: queue.clock, clock: ContinuousClock(), logger: logger)
        self.forecasts = forecasts
        service = ScalerService(
            configuration: .init(settings, isDryRun: isDryRun), observer: observer,
            drivers: try PoolSettings.Driver.make(
                DriverParts(
                    settings: settings, redis: redis, identity: identity, processes: processes, logs: logs,
                    parentDeath: parentDeath, arguments: arguments, kubernetes: kubernetes,
                    dockerHost: ProcessInfo.processInfo.environment["DOCKER_HOST"],
                    leads: { leadership.term() != nil }, logger: logger)),
            store: store,
            serving: ServingSight(
                board: board, current: { board.current },
                stamp: {
                    BackendRegistry(
                        runtime: settings.runtime, repository: ModelRepository(path: settings.repository)
                    ).stamp(of: $0)
                }), expected: { forecasts.expected($0, $1, $2) }, leadership: leadership,
            announce: announce, files: files, metrics: metrics, time: queue.clock, logger: logger)
    }
}
