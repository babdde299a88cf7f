/// A pool of workers that are alike: one device, one price, one way to start them.
package struct PoolSettings: Sendable, Equatable {
    package enum Device: String, Sendable, CaseIterable { case cpu, gpu }
    package enum Driver: String, Sendable, CaseIterable {
        /// Child processes of the scaler.
        case process
        /// Workers are started by somebody else (compose, Kubernetes); the scaler only observes.
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

    package init(
        name: String = "cpu",
        device: Device = .cpu,
        driver: Driver = .process,
        minimumWorkers: Int = 0,
        maximumWorkers: Int = 2,
        pricePerHour: Double = 0,
        startUpTime: Duration = .seconds(1),
        drainTimeout: Duration = .seconds(30)
    ) {
        self.name = name
        self.device = device
        self.driver = driver
        self.minimumWorkers = minimumWorkers
        self.maximumWorkers = maximumWorkers
        self.pricePerHour = pricePerHour
        self.startUpTime = startUpTime
        self.drainTimeout = drainTimeout
    }
}
