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
            try await PortCheck.check(settings)
            let queue = try await QueueConnections.open(settings, logger: logger)
            let settings = try await ServedVersions.agree(settings, queue: queue, logger: logger)
            let catalog = try ModelCatalog.read(settings)
            let id = BootID.make("gateway")
            let place = try await ClusterPlace.enter(settings, id: id, as: .gateway, queue.connections)
            let observer = RedisQueueObserver(queue.connections)
            let board = RedisLoadBoard(queue.connections)
            for problem in catalog.problems {
                logger.error("A model cannot be served", metadata: [LogKeys.reason: "\(problem)"])
            }
            let parts = GatewayParts(
                id: id, settings: settings, catalog: catalog, queue: queue, observer: observer,
                board: board, metrics: MetricsRegistry.ofProcess(), logger: logger,
                onListening: { addresses in
                    logger.notice(
                        "Listening",
                        metadata: [
                            LogKeys.address: "\(addresses.httpURL)", LogKeys.adminAddress: "\(addresses.adminURL)",
                        ])
                })
            let loops: [any Service] = [
                place.service, LoopService { await queue.clock.run() }, LoopService { await observer.run() },
            ]
            try await ServiceGroup(
                configuration: .init(
                    services: loops + board.loops + parts.loops + [parts.gateway],
                    gracefulShutdownSignals: TerminalSignal.ending,
                    logger: logger)
            ).run()
        } catch {
            throw RoleFailure.exit(error)
        }
    }
}
