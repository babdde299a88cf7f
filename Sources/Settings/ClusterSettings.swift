package import Jobs

/// The cluster file (`cluster/spate.yaml`), checked. Every key, its unit, default and effect is explained in
/// that file beside its default value.
package struct ClusterSettings: Sendable, Equatable {
    package var redis: RedisSettings
    package var gateway: GatewaySettings
    /// Directory of the model repository, absolute.
    package var repository: String
    /// The models that are served, in the order of the file.
    package var models: [ModelSettings]
    package var pools: [PoolSettings]
    package var scaler: ScalerSettings
    package var runtime: RuntimeSettings


    package init(
        redis: RedisSettings = RedisSettings(),
        gateway: GatewaySettings = GatewaySettings(),
        repository: String = "models",
        models: [ModelSettings] = [],
        pools: [PoolSettings] = [PoolSettings()],
        scaler: ScalerSettings = ScalerSettings(),
        runtime: RuntimeSettings = RuntimeSettings()
    ) {
        self.redis = redis
        self.gateway = gateway
        self.repository = repository
        self.models = models
        self.pools = pools
        self.scaler = scaler
        self.runtime = runtime
    }
}

package struct RedisSettings: Sendable, Equatable {
    package enum Server: Sendable, Equatable {
        /// `spate up` starts a redis-server of its own in `directory`.
        case `private`(directory: String)
        /// `redis://`, `rediss://` or `unix://`, user and password included.
        case url(String)
    }
    package var server: Server
    /// PEM file with the certificate authorities to trust for `rediss://`; `nil`: the system's.
    package var certificateAuthority: String?
    /// PEM files for client authentication.
    package var clientCertificate: String?
    package var clientKey: String?
    /// Memory limit of a private server, bytes.
    package var maximumMemory: Int
    /// `everysec` (up to about a second of accepted jobs can be lost if the machine dies) or `always` (none).
    package var durability: Durability

    package enum Durability: String, Sendable, CaseIterable { case everysec, always }


    package init(
        server: Server = .private(directory: ".spate/redis"),
        certificateAuthority: String? = nil,
        clientCertificate: String? = nil,
        clientKey: String? = nil,
        maximumMemory: Int = 1 << 30,
        durability: Durability = .everysec
    ) {
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.maximumMemory = maximumMemory
        self.durability = durability
    }
}

package struct GatewaySettings: Sendable, Equatable {
    /// Address and port of the inference protocols; port 0 takes a free one.
    package var host: String
    package var port: Int
    /// Port of administration and metrics.
    package var adminPort: Int
    /// Largest accepted request body after decompression, bytes.
    package var maximumBody: Int
    /// How long a synchronous request waits when it names no time-out.
    package var requestTimeout: Duration
    /// How long the outcome of an asynchronous job is kept after it was settled.
    package var retention: Duration
    /// Longest long-poll.
    package var maximumWait: Duration


    package init(
        host: String = "127.0.0.1",
        port: Int = 8000,
        adminPort: Int = 8002,
        maximumBody: Int = 64 << 20,
        requestTimeout: Duration = .seconds(30),
        retention: Duration = .seconds(600),
        maximumWait: Duration = .seconds(60)
    ) {
        self.host = host
        self.port = port
        self.adminPort = adminPort
        self.maximumBody = maximumBody
        self.requestTimeout = requestTimeout
        self.retention = retention
        self.maximumWait = maximumWait
    }
}

package struct RuntimeSettings: Sendable, Equatable {
    /// Path of `libonnxruntime.so`; `nil`: searched for (see `Inference`).
    package var onnxRuntimeLibrary: String?


    package init(
        onnxRuntimeLibrary: String? = nil
    ) {
        self.onnxRuntimeLibrary = onnxRuntimeLibrary
    }
}

/// One model (`<repository>/<name>/model.yaml` and the cluster file's entry).
package struct ModelSettings: Sendable, Equatable {
    package enum Backend: Sendable, Equatable {
        case onnxruntime(ONNXOptions)
        case synthetic(SyntheticOptions)
    }
    package var name: String
    /// The version that is served: the highest numbered folder unless the file names one.
    package var version: String
    package var backend: Backend
    /// Names of the pools that may serve it, in order of preference.
    package var pools: [String]
    package var batching: BatchingSettings
    /// Most jobs waiting or running at once; above it a submit is refused with 429.
    package var maximumQueue: Int
    /// Runs that return an error before the job fails.
    package var maximumAttempts: Int
    /// Workers that may die holding a job before it is quarantined.
    package var maximumCrashes: Int

    package var queue: QueueName? { QueueName(model: name, version: version) }


    package init(
        name: String,
        version: String = "1",
        backend: Backend = .onnxruntime(ONNXOptions()),
        pools: [String] = ["cpu"],
        batching: BatchingSettings = BatchingSettings(),
        maximumQueue: Int = 20_000,
        maximumAttempts: Int = 3,
        maximumCrashes: Int = 3
    ) {
        self.name = name
        self.version = version
        self.backend = backend
        self.pools = pools
        self.batching = batching
        self.maximumQueue = maximumQueue
        self.maximumAttempts = maximumAttempts
        self.maximumCrashes = maximumCrashes
    }
}

package struct ONNXOptions: Sendable, Equatable {
    /// Sessions that run side by side in one worker.
    package var instances: Int
    /// Threads of each session.
    package var threads: Int
    /// Execution providers by ONNX Runtime's names, in order; empty: CPU.
    package var providers: [String]


    package init(
        instances: Int = 1,
        threads: Int = 1,
        providers: [String] = []
    ) {
        self.instances = instances
        self.threads = threads
        self.providers = providers
    }
}

/// The synthetic backend sleeps `fixed + perRow · rows` and answers with rows it makes up; for load tests.
package struct SyntheticOptions: Sendable, Equatable {
    package var instances: Int
    package var fixedCost: Duration
    package var costPerRow: Duration
    /// Time to pretend to load.
    package var startUp: Duration
    /// Elements per row of its one FP32 input `x` and its one FP32 output `y`.
    package var rowElements: Int


    package init(
        instances: Int = 1,
        fixedCost: Duration = .milliseconds(2),
        costPerRow: Duration = .microseconds(500),
        startUp: Duration = .zero,
        rowElements: Int = 16
    ) {
        self.instances = instances
        self.fixedCost = fixedCost
        self.costPerRow = costPerRow
        self.startUp = startUp
        self.rowElements = rowElements
    }
}

package struct BatchingSettings: Sendable, Equatable {
    /// Most rows in a batch; `nil`: what the learned cost finds best, at most 64.
    package var maximumRows: Int
    /// Longest time that a batch may wait for more rows while an instance is free; zero: never waits.
    package var maximumDelay: Duration


    package init(
        maximumRows: Int = 64,
        maximumDelay: Duration = .zero
    ) {
        self.maximumRows = maximumRows
        self.maximumDelay = maximumDelay
    }
}

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
    package var minimumWorkers: Int
    package var maximumWorkers: Int
    /// Money per worker and hour, any currency.
    package var pricePerHour: Double
    /// Assumed until it is measured.
    package var startUpTime: Duration
    /// How long a draining worker may take before it hands back.
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

package struct ScalerSettings: Sendable, Equatable {
    /// Time between observations while anything moves.
    package var interval: Duration
    /// The wait that the policy tries to keep jobs without a deadline below.
    package var targetWait: Duration
    /// Idle time before a worker is drained; `nil`: tied to the measured start-up time.
    package var scaleInWindow: Duration?
    /// Share of a worker's time that is planned to be busy, 0 to 1.
    package var targetUtilization: Double


    package init(
        interval: Duration = .milliseconds(500),
        targetWait: Duration = .seconds(1),
        scaleInWindow: Duration? = nil,
        targetUtilization: Double = 0.8
    ) {
        self.interval = interval
        self.targetWait = targetWait
        self.scaleInWindow = scaleInWindow
        self.targetUtilization = targetUtilization
    }
}
