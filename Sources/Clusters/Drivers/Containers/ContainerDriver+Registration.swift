import ScalerCore
import Jobs
import Settings

extension ContainerDriver {
    /// What is missing says the engine, once there is a driver.
    static let registration = DriverRegistration(
        ordering: .oneByOne(.leader), unavailability: { _ in nil }, make: { try make($0) })

    private static func make(_ parts: DriverParts) throws -> ContainerDriver? {
        let sections = parts.sections(of: .containers, \.containers)
        guard !sections.isEmpty else { return nil }
        let sockets = Set(sections.values.map { $0.engineSocket(dockerHost: parts.dockerHost) })
        let names = Set(sections.values.map(\.name))
        guard let socket = sockets.first, let name = names.first, sockets.count == 1, names.count == 1 else {
            throw DriverSettingsError(
                description: "all pools with the driver containers need the same `socket` and `name`")
        }
        return try ContainerDriver(
            socket: socket,
            cluster: name == ContainerSettings().name ? "\(name)-\(parts.identity.prefix(12))" : name,
            pools: sections.mapValues {
                ContainerPool($0, redis: parts.redis, cluster: parts.settings.cluster.name)
            },
            logger: parts.logger, inherits: parts.leads,
            arguments: { pool, worker in
                let config = (sections[pool.name] ?? ContainerSettings()).config
                return ["worker", "--config", config, "--pool", pool.name, "--id", worker]
            })
    }
}

extension ContainerSettings {
    /// As given, else that of DOCKER_HOST where it is a unix socket, else the usual place.
    fileprivate func engineSocket(dockerHost: String?) -> String {
        if let socket { return socket }
        guard let dockerHost, dockerHost.hasPrefix("unix://") else { return "/var/run/docker.sock" }
        return String(dockerHost.dropFirst(7))
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
