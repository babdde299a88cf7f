import ScalerCore
import Settings

extension ProcessDriver {
    static let registration = DriverRegistration(
        ordering: .oneByOne(.starter),
        unavailability: { pool in DeviceProbe().unavailability(of: pool) },
        make: { parts in
            ProcessDriver(
                children: parts.processes, logs: parts.logs,
                limits: parts.sections(of: .process) { ProcessLimits($0.process) },
                cluster: parts.identity, parentDeath: parts.parentDeath,
                arguments: { pool, worker in parts.arguments(pool.name, worker) })
        })
}

extension ProcessLimits {
    fileprivate init(_ settings: ProcessSettings) {
        self.init(
            memoryBytes: settings.memory.map { UInt64($0) }, nice: settings.nice, processors: settings.processors ?? [])
    }
}
