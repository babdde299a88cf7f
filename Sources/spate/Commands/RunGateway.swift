import ArgumentParser
import Clusters
import Gateway
import Logging
import Observability
import RedisQueue
import ServiceLifecycle
import Settings
import UnixSignals

/// `spate gateway`
struct RunGateway: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gateway", abstract: "Turn prediction requests into jobs on Redis, and outcomes into answers.",
        discussion: "Any number of gateways may serve one Redis. Ctrl-C or SIGTERM lets running calls end first.")

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var listen: ListenOptions

    func run() async throws {
        CrashSignals.endAtOnce()
        ForeignOrphans.forgetAll()
        let settings = try cluster.load(listen: listen)
        let logger = settings.logging.output(role: "gateway").makeLogger()
        do {
            let catalog = try ModelCatalog.read(settings)
            try await PortCheck.check(settings)
            let queue = try await QueueConnections.open(settings, logger: logger)
            let observer = RedisQueueObserver(queue.connections)
            let parts = GatewayParts(
                id: BootID.make("gateway"), settings: settings, catalog: catalog, queue: queue, observer: observer,
                metrics: MetricsRegistry(), logger: logger,
                onListening: { addresses in
                    logger.notice(
                        "Listening",
                        metadata: [
                            "http": "\(addresses.httpURL)", "admin": "\(addresses.adminURL)",
                        ])
                })
            let reaper = StandInReaper(
                observer: observer, queues: settings.models.compactMap(\.queue), logger: logger)
            let loops: [any Service] = [
                LoopService { await queue.clock.run() }, LoopService { await observer.run() },
                LoopService { await reaper.run() },
            ]
            try await ServiceGroup(
                configuration: .init(
                    services: loops + parts.loops + [parts.gateway],
                    gracefulShutdownSignals: [.sigterm, .sigint, .sighup],
                    logger: logger)
            ).run()
        } catch {
            throw RoleFailure.exit(error)
        }
    }
}
