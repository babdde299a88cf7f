import ScalerCore
import ArgumentParser
import Clusters
import Foundation
import Gateway
import Glibc
import Inference
import Logging
import Observability
import RedisClient
import RedisQueue
import ServiceLifecycle
import Settings
import UnixSignals

/// `spate up`
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the whole system on this machine: a private Redis, gateway, scaler and workers.",
        discussion: """
            Workers and Redis are child processes that end with this one within a second, however it ends. Ctrl-C drains and
            ends it all. Jobs that were accepted and not finished are there again at the next start.
            """)

    @OptionGroup var cluster: ClusterOptions
    @OptionGroup var listen: ListenOptions
    @Option(help: "Folder for the private Redis and the logs of the children, in place of the cluster file's.")
    var data: String?
    @Flag(name: .customLong("private"), help: .hidden) var isPrivate = false
    @Option(help: "File to write the addresses to, as JSON, once requests are served.") var addressFile: String?

    func run() async throws {
        CrashSignals.endAtOnce()
        var settings = try cluster.load(listen: listen)
        settings.redis.server = server(of: settings)
        let logger = settings.logging.output(role: "up").makeLogger()
        do {
            try await serve(settings, logger: logger)
        } catch {
            throw RoleFailure.exit(error)
        }
    }

    private func server(of settings: ClusterSettings) -> RedisSettings.Server {
        switch (settings.redis.server, data) {
        // A rehearsal touches no Redis that the file names.
        case (.private, let data?),
            (.url, let data?) where isPrivate:
            .private(directory: OperatorAccess.redisFolder(data))
        case (let server, _): server
        }
    }

    private func serve(_ settings: ClusterSettings, logger: Logger) async throws {
        if let addressFile {
            let folder = URL(fileURLWithPath: addressFile).deletingLastPathComponent().path
            guard FileManager.default.isWritableFile(atPath: folder) else {
                throw ValidationError(
                    "--address-file \(addressFile): the folder \(folder) is not there or not writable")
            }
        }
        let catalog = try ModelCatalog.read(settings)
        try await PortCheck.check(settings)
        for problem in catalog.problems + [registry(settings).missingRuntime(for: settings.models)].compactMap(\.self) {
            Terminal.line("spate: \(problem)")
        }
        let processes = try ChildProcesses(orphans: ForeignOrphans.duty)
        for pool in settings.pools where pool.maximumWorkers > 0 {
            guard let missing = pool.driver.registration.unavailability(PoolPlace(pool)) else { continue }
            Terminal.line(
                "spate: pool \(pool.name) starts nothing, \(missing.reason); other pools of its models carry the load")
        }
        var services: [any Service] = []
        var url = settings.redis.url
        if case .private(let directory) = settings.redis.server {
            let redis = try await PrivateRedis(
                directory: RedisDataDirectory(path: directory), settings: settings.redis, processes: processes,
                logger: logger)
            services.append(redis)
            url = redis.url
        }
        do {
            services += try await roles(
                settings, url: url ?? "", processes: processes, logger: logger)
        } catch {
            for case let redis as PrivateRedis in services { await redis.stop() }
            throw error
        }
        let kept = services.lazy.compactMap { $0 as? KeptJobs }.first
        // Whoever reads it next must not send there.
        defer { if let addressFile { try? FileManager.default.removeItem(atPath: addressFile) } }
        try await ServiceGroup(
            configuration: .init(
                // One that fails ends the others in order: cancelled, each would say that it was.
                services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: TerminalSignal.draining, logger: logger)
        ).run()
        Terminal.line(kept?.farewell ?? "spate: stopped")
    }

    /// In the order of their start; they end in reverse: first no more requests, then the workers, then the queue.
    private func roles(
        _ settings: ClusterSettings, url: String, processes: ChildProcesses, logger: Logger
    ) async throws -> [any Service] {
        // Workers inherit the address by the environment: an argument would show its password to every user.
        setenv("SPATE_REDIS_URL", url, 1)
        let queue = try await QueueConnections.open(settings, url: url, logger: logger)
        let settings = try await ServedVersions.plan(settings, queue: queue) { Terminal.line("spate: \($0)") }
        let catalog = try ModelCatalog.read(settings)
        let id = BootID.make("gateway")
        let isSole = settings.redis.url == nil
        if isSole { setenv(ClusterPlace.soleVariable, "1", 1) }
        let place = try await ClusterPlace.enter(
            settings, id: id, as: .gateway, company: isSole ? .sole : .shared, queue.connections)
        try await ServedVersions.take(settings, queue.connections)
        let observer = RedisQueueObserver(queue.connections)
        if settings.redis.url == nil { try await takeBack(settings, queue, logger: logger) }
        let board = RedisLoadBoard(queue.connections)
        let metrics = MetricsRegistry.ofProcess()
        let parts = GatewayParts(
            id: id, settings: settings, catalog: catalog, queue: queue, observer: observer,
            board: board, metrics: metrics, logger: settings.logging.output(role: "gateway").makeLogger(),
            onListening: {
                announce($0, catalog: catalog, redis: queue.connections.configuration.label, logger: logger)
            })
        let command = WorkerCommandLine(cluster)
        let scaler = try ScalerParts(
            settings: settings, redis: url, queue: queue, observer: observer, board: board, processes: processes,
            parentDeath: settings.redis.url == nil ? .dies : .handsBack,
            arguments: { command.arguments(pool: $0, worker: $1) }, logDirectory: data.map { $0 + "/logs" },
            identity: place.identity, isSole: isSole,
            files: try cluster.watch(
                settings, listen: listen,
                further: { [server = settings.redis.server, versions = settings.versions] in
                    var settings = $0.pinned(to: versions)
                    settings.redis.server = server
                    return settings
                }),
            metrics: metrics, logger: settings.logging.output(role: "scaler").makeLogger())
        let kept = KeptJobs(
            observer: observer, queues: settings.models.compactMap(\.queue),
            place: Self.place(of: settings.redis.server, label: queue.connections.configuration.label))
        return [place.service, LoopService { await queue.clock.run() }, LoopService { await observer.run() }, kept]
            + board.loops + parts.loops + scaler.services + [parts.gateway]
    }

    private func registry(_ settings: ClusterSettings) -> BackendRegistry {
        BackendRegistry(runtime: settings.runtime, repository: ModelRepository(path: settings.repository))
    }

    /// What workers of a killed `spate up` had in hand waits again, before any worker of this one starts. They ended with it,
    /// and nobody else reaches a private Redis.
    private func takeBack(_ settings: ClusterSettings, _ queue: QueueConnections, logger: Logger) async throws {
        let observer = RedisQueueObserver(queue.connections)
        let running = Task { await observer.run() }
        defer { running.cancel() }
        let jobs = try await observer.releaseAll(from: settings.models.compactMap(\.queue))
        let board = RedisLoadBoard(queue.connections)
        let keeping = Task { await board.run() }
        defer { keeping.cancel() }
        try await board.beginAnew(at: queue.clock.now())
        guard jobs > 0 else { return }
        logger.notice("Jobs that an earlier run had begun wait again", metadata: [LogKeys.batchSize: "\(jobs)"])
    }

    /// Where jobs are kept.
    private static func place(of server: RedisSettings.Server, label: String) -> String {
        switch server {
        case .private(let directory): directory
        case .url: "Redis at \(label)"
        }
    }

    private func announce(
        _ addresses: GatewayService.Addresses, catalog: ModelCatalog, redis: String, logger: Logger
    ) {
        let models = catalog.models.map(\.settings.name).joined(separator: ", ")
        Terminal.line(
            "spate: serving \(models) at \(addresses.httpURL)/v2/models/<name>/infer; metrics and status at \(addresses.adminURL)"
        )
        guard let addressFile else { return }
        do {
            try AddressFile(http: addresses.httpURL, admin: addresses.adminURL, redis: redis).write(to: addressFile)
        } catch {
            logger.error(
                "The address file cannot be written",
                metadata: [LogKeys.path: "\(addressFile)", LogKeys.reason: "\(error)"])
        }
    }
}
