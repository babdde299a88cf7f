/// Limits of one worker process. Default: none.
package struct ProcessSettings: Sendable, Equatable {
    /// Private memory in bytes; an allocation above it fails. `nil`: no limit.
    package var memory: Int?
    /// Added to the scaler's own, -20 to 19; below 0 needs rights. Default 0.
    package var nice: Int
    /// Numbers of the processors that it may run on; `nil`: all.
    package var processors: [Int]?

    package init(memory: Int? = nil, nice: Int = 0, processors: [Int]? = nil) {
        self.memory = memory
        self.nice = nice
        self.processors = processors
    }
}

/// How a worker's container is made.
package struct ContainerSettings: Sendable, Equatable {
    /// The engine's unix socket; `nil`: that of DOCKER_HOST, else /var/run/docker.sock.
    package var socket: String?
    /// Required with the driver; empty without.
    package var image: String
    /// Path of the cluster file inside the container. Default `/etc/spate/cluster/spate.yaml`.
    package var config: String
    /// `bridge`, `host` or the name of a network. Default `bridge`.
    package var network: String
    /// Bytes; `nil`: no limit.
    package var memory: Int?
    /// Processors; `nil`: no limit.
    package var cpus: Double?
    /// For pools of the device gpu. Default 1 there.
    package var gpus: Int
    /// `/host/path:/container/path[:ro]`.
    package var binds: [String]
    package var environment: [String: String]
    /// The label by which its containers are known after a restart. Default `spate`.
    package var name: String

    package init(
        socket: String? = nil, image: String = "", config: String = "/etc/spate/cluster/spate.yaml",
        network: String = "bridge", memory: Int? = nil, cpus: Double? = nil, gpus: Int = 1, binds: [String] = [],
        environment: [String: String] = [:], name: String = "spate"
    ) {
        self.socket = socket
        self.image = image
        self.config = config
        self.network = network
        self.memory = memory
        self.cpus = cpus
        self.gpus = gpus
        self.binds = binds
        self.environment = environment
        self.name = name
    }
}

/// What of Kubernetes is scaled for one pool.
package struct KubernetesPoolSettings: Sendable, Equatable {
    /// `deployments/NAME` or `statefulsets/NAME`; `nil`: `deployments/spate-worker-<pool>`.
    package var workload: String?
    /// Label selector of its pods; `nil`: what the scale says.
    package var selector: String?

    package init(workload: String? = nil, selector: String? = nil) {
        self.workload = workload
        self.selector = selector
    }
}

/// How the scaler reaches the API server, and the Lease by which one scaler leads.
package struct KubernetesSettings: Sendable, Equatable {
    /// `nil`: the cluster that the scaler runs in.
    package var server: String?
    /// `nil`: that of the service account, else `default`.
    package var namespace: String?
    package var tokenFile: String
    package var certificateAuthority: String
    /// Name of the Lease for leadership. Default `spate-scaler`.
    package var lease: String
    /// Default 15 s; 3 s to 10 min.
    package var leaseDuration: Duration
    /// Whether a Lease is held: the section stands in the file, or a pool has the driver `kubernetes`.
    package var isUsed: Bool

    package init(
        server: String? = nil, namespace: String? = nil,
        tokenFile: String = "/var/run/secrets/kubernetes.io/serviceaccount/token",
        certificateAuthority: String = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt",
        lease: String = "spate-scaler", leaseDuration: Duration = .seconds(15), isUsed: Bool = false
    ) {
        self.server = server
        self.namespace = namespace
        self.tokenFile = tokenFile
        self.certificateAuthority = certificateAuthority
        self.lease = lease
        self.leaseDuration = leaseDuration
        self.isUsed = isUsed
    }
}
