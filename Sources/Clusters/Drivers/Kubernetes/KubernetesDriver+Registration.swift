import ScalerCore
import Settings

extension KubernetesDriver {
    /// What is missing says the API server, once there is a driver.
    static let registration = DriverRegistration(
        ordering: .byCount, unavailability: { _ in nil },
        make: { parts in
            let sections = parts.sections(of: .kubernetes) { KubernetesPool($0.kubernetes, of: $0.name) }
            guard !sections.isEmpty, let client = parts.kubernetes else { return nil }
            return KubernetesDriver(client: client, pools: sections, logger: parts.logger)
        })
}

extension KubernetesPool {
    fileprivate init(_ section: KubernetesPoolSettings, of pool: String) {
        let parts = (section.workload ?? "deployments/spate-worker-\(pool)").split(separator: "/")
        self.init(
            kind: parts.first.flatMap { Kind(rawValue: String($0)) } ?? .deployments,
            name: parts.last.map { String($0) } ?? pool, selector: section.selector)
    }
}
