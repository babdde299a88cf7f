package import Logging
package import ScalerCore
package import Settings

extension PoolSettings.Driver {
    /// What there is to know of the driver before it is made: one line for each driver.
    package var registration: DriverRegistration {
        switch self {
        case .process: ProcessDriver.registration
        case .containers: ContainerDriver.registration
        case .kubernetes: KubernetesDriver.registration
        case .external: ExternalDriver.registration
        }
    }

    /// The drivers of a cluster. One that no pool names is there if pools may come to it later.
    package static func make(_ parts: DriverParts) throws -> [PoolSettings.Driver: any PoolDriver] {
        var drivers: [PoolSettings.Driver: any PoolDriver] = [:]
        for driver in allCases { drivers[driver] = try driver.registration.make(parts) }
        return drivers
    }
}

/// A driver as it is known before it is made.
package struct DriverRegistration: Sendable {
    /// As of the driver that is made.
    package let ordering: WorkerOrdering
    /// Why a worker of the pool cannot run on this machine, as far as that is seen without the driver.
    package let unavailability: @Sendable (PoolPlace) -> Unavailability?
    /// - Returns: `nil` where no pool names it and none can come later.
    let make: @Sendable (DriverParts) throws -> (any PoolDriver)?
}

/// What drivers are made from.
package struct DriverParts: Sendable {
    package var settings: ClusterSettings
    /// Address that containers are told; `nil`: what their own environment says.
    package var redis: String?
    /// Of the cluster; marks its workers.
    package var identity: String
    package var processes: ChildProcesses
    package var logs: ProcessDriver.Logs
    /// What becomes of worker processes when this one ends, however it ends.
    package var parentDeath: ParentDeath
    /// What follows `spate` in the command line of a worker process.
    package var arguments: @Sendable (_ pool: String, _ worker: String) -> [String]
    /// `nil` where Kubernetes is not used.
    package var kubernetes: KubernetesClient?
    /// The value of DOCKER_HOST.
    package var dockerHost: String?
    /// Whether this scaler leads at that moment.
    package var leads: @Sendable () -> Bool
    package var logger: Logger

    package init(
        settings: ClusterSettings, redis: String?, identity: String, processes: ChildProcesses,
        logs: ProcessDriver.Logs, parentDeath: ParentDeath,
        arguments: @escaping @Sendable (_ pool: String, _ worker: String) -> [String], kubernetes: KubernetesClient?,
        dockerHost: String?, leads: @escaping @Sendable () -> Bool, logger: Logger
    ) {
        self.settings = settings
        self.redis = redis
        self.identity = identity
        self.processes = processes
        self.logs = logs
        self.parentDeath = parentDeath
        self.arguments = arguments
        self.kubernetes = kubernetes
        self.dockerHost = dockerHost
        self.leads = leads
        self.logger = logger
    }

    /// The section that each pool of a driver has for it, by the pool's name.
    func sections<Section>(
        of driver: PoolSettings.Driver, _ section: (PoolSettings) -> Section
    ) -> [String: Section] {
        Dictionary(
            settings.pools.filter { $0.driver == driver }.map { ($0.name, section($0)) },
            uniquingKeysWith: { first, _ in first })
    }
}

/// Settings from which no driver can be made.
struct DriverSettingsError: Error, CustomStringConvertible {
    var description: String
}

extension ExternalDriver {
    static let registration = DriverRegistration(
        ordering: .observed, unavailability: { _ in nil }, make: { _ in ExternalDriver() })
}
