import ArgumentParser
import Clusters
import Foundation
import Gateway
import Glibc
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
            Workers and Redis are child processes that end with this one, however it ends. Ctrl-C drains and ends it all.
            Jobs that were accepted and not finished are there again at the next start.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "Address to listen on.") var host: String?
    @Option(help: "Port of the inference protocols; 0 takes a free one.") var port: Int?
    @Option(help: "Port of administration and metrics; 0 takes a free one.") var adminPort: Int?
    @Option(help: "Folder for the private Redis and the logs of the children, in place of the cluster file's.")
    var data: String?
    @Option(help: "File to write the addresses to, as JSON, once requests are served.") var addressFile: String?

    func run() async throws {
        var settings = try cluster.load(host: host, port: port, adminPort: adminPort)
        if let data, case .private = settings.redis.server {
            settings.redis.server = .private(directory: URL(fileURLWithPath: data).path + "/redis")
        }
        let logger = settings.logging.output(role: "up").makeLogger()
        do {
            try await serve(settings, logger: logger)
        } catch {
            throw RoleFailure.exit(error)
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
        let processes = try ChildProcesses()
        for pool in settings.pools where pool.driver == .process && pool.maximumWorkers > 0 {
            guard let reason = DeviceProbe().unavailability(of: pool) else { continue }
            Terminal.line(
                "spate: pool \(pool.name) starts nothing, \(reason); other pools of its models carry the load")
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
                settings, url: url ?? "", catalog: catalog, processes: processes, logger: logger)
        } catch {
            for case let redis as PrivateRedis in services { await redis.stop() }
            throw error
        }
        try await ServiceGroup(
            configuration: .init(services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        ).run()
        // Whoever reads it next must not send there.
        if let addressFile { try? FileManager.default.removeItem(atPath: addressFile) }
        Terminal.line("spate: everything is drained and stopped")
    }

    /// In the order of their start; they end in reverse: first no more requests, then the workers, then the queue.
    private func roles(
        _ settings: ClusterSettings, url: String, catalog: ModelCatalog, processes: ChildProcesses, logger: Logger
    ) async throws -> [any Service] {
        // Workers inherit the address by the environment: an argument would show its password to every user.
        setenv("SPATE_REDIS_URL", url, 1)
        let queue = try await QueueConnections.open(settings, url: url, logger: logger)
        let observer = RedisQueueObserver(queue.connections)
        let metrics = MetricsRegistry()
        let parts = GatewayParts(
            id: BootID.make("gateway"), settings: settings, catalog: catalog, queue: queue, observer: observer,
            metrics: metrics, logger: settings.logging.output(role: "gateway").makeLogger(),
            onListening: {
                announce($0, catalog: catalog, redis: queue.connections.configuration.label, logger: logger)
            })
        let command = WorkerCommandLine(cluster)
        let scaler = try ScalerParts(
            settings: settings, redis: url, queue: queue, observer: observer, processes: processes,
            arguments: { command.arguments(pool: $0, worker: $1) }, logDirectory: data.map { $0 + "/logs" },
            isSole: settings.redis.url == nil,
            files: try cluster.watch(
                settings, host: host, port: port, adminPort: adminPort,
                further: { [server = settings.redis.server] in
                    var settings = $0
                    settings.redis.server = server
                    return settings
                }),
            metrics: metrics, logger: settings.logging.output(role: "scaler").makeLogger())
        return [LoopService { await queue.clock.run() }, LoopService { await observer.run() }]
            + parts.loops + scaler.services + [parts.gateway]
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
                "The address file cannot be written", metadata: ["path": "\(addressFile)", "reason": "\(error)"])
        }
    }
}
