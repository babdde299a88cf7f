import Clusters
import Foundation
import Jobs
import Logging
import Scaler
import Settings

/// The drivers that the pools of a cluster name.
enum DriverParts {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// - Parameters:
    ///   - redis: address that containers are told; `nil`: what their own environment says.
    ///   - identity: of the cluster; marks its workers.
    ///   - parentDeath: what becomes of worker processes when this one ends, however it ends.
    ///   - arguments: what follows `spate` in the command line of a worker process.
    static func make(
        _ settings: ClusterSettings, redis: String?, identity: String, processes: ChildProcesses,
        logs: ProcessDriver.Logs, parentDeath: ParentDeath,
        arguments: @escaping @Sendable (PoolSettings, String) -> [String], kubernetes: KubernetesClient?,
        leadership: any Leadership, logger: Logger
    ) throws -> [PoolSettings.Driver: any PoolDriver] {
        var drivers: [PoolSettings.Driver: any PoolDriver] = [
            .process: ProcessDriver(
                children: processes, logs: logs,
                limits: Dictionary(
                    settings.pools.map { ($0.name, ProcessLimits($0.process)) },
                    uniquingKeysWith: { first, _ in first }),
                cluster: identity, parentDeath: parentDeath, arguments: arguments),
            .external: ExternalDriver(),
        ]
        let used = Set(settings.pools.map(\.driver))
        if used.contains(.containers) {
            drivers[.containers] = try containers(
                settings, redis: redis, identity: identity, leadership: leadership, logger: logger)
        }
        if used.contains(.kubernetes), let kubernetes {
            drivers[.kubernetes] = self.kubernetes(settings, client: kubernetes, logger: logger)
        }
        return drivers
    }

    private static func containers(
        _ settings: ClusterSettings, redis: String?, identity: String, leadership: any Leadership, logger: Logger
    ) throws -> ContainerDriver {
        let pools = settings.pools.filter { $0.driver == .containers }
        let sockets = Set(pools.map { $0.containers.engineSocket })
        let names = Set(pools.map(\.containers.name))
        guard let socket = sockets.first, let name = names.first, sockets.count == 1, names.count == 1 else {
            throw Failure(description: "all pools with the driver containers need the same `socket` and `name`")
        }
        return try ContainerDriver(
            socket: socket, cluster: name == ContainerSettings().name ? "\(name)-\(identity.prefix(12))" : name,
            pools: Dictionary(
                pools.map { ($0.name, ContainerPool($0.containers, redis: redis, cluster: settings.cluster.name)) },
                uniquingKeysWith: { first, _ in first }),
            logger: logger, inherits: { leadership.term() != nil },
            arguments: { pool, worker in
                ["worker", "--config", pool.containers.config, "--pool", pool.name, "--id", worker]
            })
    }

    /// For the driver and the Lease; `nil` where neither is used.
    static func kubernetesClient(_ settings: ClusterSettings) throws -> KubernetesClient? {
        guard settings.kubernetes.isUsed else { return nil }
        return try KubernetesClient(try KubernetesAccess(settings.kubernetes))
    }

    private static func kubernetes(
        _ settings: ClusterSettings, client: KubernetesClient, logger: Logger
    ) -> KubernetesDriver {
        let pools = settings.pools.filter { $0.driver == .kubernetes }
        return KubernetesDriver(
            client: client,
            pools: Dictionary(
                pools.map { ($0.name, KubernetesPool($0)) }, uniquingKeysWith: { first, _ in first }),
            logger: logger)
    }
}

extension ContainerSettings {
    /// As given, else that of DOCKER_HOST where it is a unix socket, else the usual place.
    fileprivate var engineSocket: String {
        if let socket { return socket }
        let host = ProcessInfo.processInfo.environment["DOCKER_HOST"] ?? ""
        return host.hasPrefix("unix://") ? String(host.dropFirst(7)) : "/var/run/docker.sock"
    }
}

extension ProcessLimits {
    fileprivate init(_ settings: ProcessSettings) {
        self.init(
            memoryBytes: settings.memory.map { UInt64($0) }, nice: settings.nice, processors: settings.processors ?? [])
    }
}

extension ContainerPool {
    fileprivate init(_ settings: ContainerSettings, redis: String?, cluster: ClusterName) {
        var environment = settings.environment
        if cluster != .standard, environment["SPATE_CLUSTER"] == nil {
            environment["SPATE_CLUSTER"] = cluster.description
        }
        if let redis, environment["SPATE_REDIS_URL"] == nil { environment["SPATE_REDIS_URL"] = redis }
        self.init(
            image: settings.image, environment: environment, network: settings.network, memoryBytes: settings.memory,
            processors: settings.cpus, gpus: settings.gpus, binds: settings.binds)
    }
}

extension KubernetesPool {
    fileprivate init(_ pool: PoolSettings) {
        let parts = (pool.kubernetes.workload ?? "deployments/spate-worker-\(pool.name)").split(separator: "/")
        self.init(
            kind: parts.first.flatMap { Kind(rawValue: String($0)) } ?? .deployments,
            name: parts.last.map { String($0) } ?? pool.name, selector: pool.kubernetes.selector)
    }
}

extension KubernetesAccess {
    /// The server that the settings name, with its token and authority where those files are; else the cluster that
    /// this process is a pod of.
    fileprivate init(_ settings: KubernetesSettings) throws {
        let files = FileManager.default
        func present(_ path: String) -> String? { files.fileExists(atPath: path) ? path : nil }
        guard let server = settings.server else {
            var access = try KubernetesAccess.inCluster()
            access.namespace = settings.namespace ?? access.namespace
            access.tokenFile = settings.tokenFile
            access.certificateAuthority = settings.certificateAuthority
            self = access
            return
        }
        self.init(
            server: server, namespace: settings.namespace ?? "default", tokenFile: present(settings.tokenFile),
            certificateAuthority: present(settings.certificateAuthority))
    }
}
