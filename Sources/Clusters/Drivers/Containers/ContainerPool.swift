/// What the containers of one pool are made from.
package struct ContainerPool: Sendable, Equatable {
    /// Image with `spate` as its entry point. It is not pulled: the engine must have it.
    package var image: String
    /// Added to the image's own. Default none; the worker's id comes by itself.
    package var environment: [String: String]
    /// `bridge` (the engine's default), `host`, or a network's name. The workers must reach Redis there.
    package var network: String
    /// Bytes of memory that a container may use, after which the kernel kills it; `nil`: no limit.
    package var memoryBytes: Int?
    /// Processors' worth of time that a container may use; `nil`: no limit.
    package var processors: Double?
    /// GPUs that each worker of a gpu pool gets. Default 1.
    package var gpus: Int
    /// Folders of the host to show in the container: `host:container[:ro]`.
    package var binds: [String]

    package init(
        image: String, environment: [String: String] = [:], network: String = "bridge", memoryBytes: Int? = nil,
        processors: Double? = nil, gpus: Int = 1, binds: [String] = []
    ) {
        self.image = image
        self.environment = environment
        self.network = network
        self.memoryBytes = memoryBytes
        self.processors = processors
        self.gpus = gpus
        self.binds = binds
    }
}
