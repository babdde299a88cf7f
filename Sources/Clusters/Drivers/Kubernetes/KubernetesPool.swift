/// What Kubernetes calls a pool of workers.
package struct KubernetesPool: Sendable, Equatable {
    /// The kinds that have a scale and keep pods alike.
    package enum Kind: String, Sendable, CaseIterable {
        case deployments
        case statefulsets
        case replicasets
    }
    package var kind: Kind
    package var name: String
    /// Label selector of its pods; `nil`: what the scale itself says.
    package var selector: String?

    package init(kind: Kind = .deployments, name: String, selector: String? = nil) {
        self.kind = kind
        self.name = name
        self.selector = selector
    }

    /// `deployments/spate-worker-cpu`.
    package var description: String { "\(kind.rawValue)/\(name)" }
}
