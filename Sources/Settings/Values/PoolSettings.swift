/// A pool of workers that are alike: one device, one price, one way to start them.
package struct PoolSettings: Sendable, Equatable {
    package enum Device: String, Sendable, CaseIterable { case cpu, gpu }
    package enum Driver: String, Sendable, CaseIterable {
        /// Child processes of the scaler.
        case process
        /// Containers of a local engine, over the Docker Engine API.
        case containers
        /// Pods of a Deployment or StatefulSet, by its scale.
        case kubernetes
        /// Workers are started by somebody else (compose, an autoscaler); the scaler only observes.
        case external
    }

    package var name: String
    package var device: Device
    package var driver: Driver
    /// Workers that stay when there is no work. Default 0: the first call after a pause waits for a start-up.
    package var minimumWorkers: Int
    /// Default 2. Zero switches the pool off.
    package var maximumWorkers: Int
    /// Money per worker and hour, any currency. Default 0.
    package var pricePerHour: Double
    /// Time from start to ready that is assumed until it is measured. Default 1 s.
    package var startUpTime: Duration
    /// How long a draining worker may take before it hands its jobs back. Default 30 s.
    package var drainTimeout: Duration
    /// Most workers started in a span of time; `nil`: no bound.
    package var scaleOutRate: WorkerRate?
    /// Most workers drained in a span of time; `nil`: no bound.
    package var scaleInRate: WorkerRate?
    /// In place of the scaler's `scaleInWindow`; `nil`: that one.
    package var scaleInWindow: Duration?
    /// Nothing is started and nothing drained. Default false.
    package var isPaused: Bool
    /// Limits of one worker; used by the driver `process`.
    package var process: ProcessSettings
    /// Used by the driver `containers`.
    package var containers: ContainerSettings
    /// Used by the driver `kubernetes`.
    package var kubernetes: KubernetesPoolSettings

    package init(
        name: String = "cpu",
        device: Device = .cpu,
        driver: Driver = .process,
        minimumWorkers: Int = 0,
        maximumWorkers: Int = 2,
        pricePerHour: Double = 0,
        startUpTime: Duration = .seconds(1),
        drainTimeout: Duration = .seconds(30),
        scaleOutRate: WorkerRate? = nil,
        scaleInRate: WorkerRate? = nil,
        scaleInWindow: Duration? = nil,
        isPaused: Bool = false,
        process: ProcessSettings = ProcessSettings(),
        containers: ContainerSettings = ContainerSettings(),
        kubernetes: KubernetesPoolSettings = KubernetesPoolSettings()
    ) {
        self.name = name
        self.device = device
        self.driver = driver
        self.minimumWorkers = minimumWorkers
        self.maximumWorkers = maximumWorkers
        self.pricePerHour = pricePerHour
        self.startUpTime = startUpTime
        self.drainTimeout = drainTimeout
        self.scaleOutRate = scaleOutRate
        self.scaleInRate = scaleInRate
        self.scaleInWindow = scaleInWindow
        self.isPaused = isPaused
        self.process = process
        self.containers = containers
        self.kubernetes = kubernetes
    }
}

/// At most `workers` in any span of `per`.
package struct WorkerRate: Sendable, Equatable {
    package var workers: Int
    package var per: Duration

    package init(workers: Int, per: Duration) {
        self.workers = workers
        self.per = per
    }
}
