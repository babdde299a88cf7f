import ArgumentParser
import Clusters
import Glibc
import Observability
import RedisQueue
import ServiceLifecycle
import Settings
import UnixSignals

/// `spate scaler`
struct RunScaler: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaler", abstract: "Watch the queues and start and stop the workers of each pool.",
        discussion: """
            Workers of pools with the driver `process` are children of this process. Ctrl-C or SIGTERM drains and ends them;
            when this process dies they go on serving, and the scaler that is started next on this machine goes on with them.
            Every decision is recorded with its reasons: `spate decisions`.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "Folder for the logs of workers; their output is this process's own without it.") var logs: String?
    @Flag(help: "Decide and record, and start or stop nothing.") var dryRun = false
    @OptionGroup var metrics: MetricsOptions

    func run() async throws {
        CrashSignals.endAtOnce()
        let settings = try cluster.load()
        let logger = settings.logging.output(role: "scaler").makeLogger()
        do {
            let queue = try await QueueConnections.open(settings, logger: logger)
            let settings = try await ServedVersions.agree(settings, queue: queue, logger: logger)
            let place = try await ClusterPlace.enter(
                settings, id: BootID.make("scaler"), as: .scaler, queue.connections)
            if let url = settings.redis.url { setenv("SPATE_REDIS_URL", url, 1) }
            let observer = RedisQueueObserver(queue.connections)
            let board = RedisLoadBoard(queue.connections)
            let command = WorkerCommandLine(cluster)
            let registered = MetricsRegistry.ofProcess()
            let port = try metrics.port(serving: registered, logger)
            let scaler = try ScalerParts(
                settings: settings, redis: settings.redis.url, queue: queue, observer: observer, board: board,
                processes: ChildProcesses(orphans: ForeignOrphans.duty), parentDeath: .livesOn,
                arguments: { command.arguments(pool: $0, worker: $1) }, logDirectory: logs, isDryRun: dryRun,
                identity: place.identity,
                files: cluster.watch(
                    settings, further: { [versions = settings.versions] in $0.pinned(to: versions) }),
                metrics: registered, logger: logger)
            try await ServiceGroup(
                configuration: .init(
                    services: [
                        place.service, LoopService { await queue.clock.run() }, LoopService { await observer.run() },
                        LoopService { await port.run() },
                    ] + board.loops + scaler.services,
                    gracefulShutdownSignals: TerminalSignal.draining, logger: logger)
            ).run()
        } catch {
            throw RoleFailure.exit(error)
        }
    }
}
