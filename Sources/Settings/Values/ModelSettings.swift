package import Jobs
package import Tensors

/// One model (`<repository>/<name>/model.yaml` and the cluster file's entry).
package struct ModelSettings: Sendable, Equatable {
    package enum Backend: Sendable, Equatable {
        case onnxruntime(ONNXOptions)
        case synthetic(SyntheticOptions)
    }

    package var name: String
    /// The version that is served: the highest numbered folder unless the file names one.
    package var version: String
    /// Whether a file names the version, so that it is not just the newest folder.
    package var isVersionNamed: Bool
    package var backend: Backend
    /// Names of the pools that may serve it, in order of preference. Default `cpu`.
    package var pools: [String]
    package var batching: BatchingSettings
    /// Most jobs waiting or running at once; above it a submit is refused with 429. Default 20,000.
    package var maximumQueue: Int
    /// Runs that return an error before the job fails. Default 3.
    package var maximumAttempts: Int
    /// Workers that may die holding a job before it is quarantined. Default 3.
    package var maximumCrashes: Int
    /// Longest time of one run, after which it counts as hung; `nil`: tied to what is learned (see `RunBound`).
    package var runTimeout: Duration?
    /// Longest time for loading and warming it, after which it counts as failed; `nil`: 15 minutes, or three times what
    /// a synthetic model declares.
    package var loadTimeout: Duration?
    /// Time from submit to result that the scaler keeps for jobs without a deadline of their own; `nil`: it keeps waits
    /// below the scaler's target wait.
    package var deadline: Duration?
    /// In place of it for jobs of a priority class.
    package var deadlines: [PriorityClass: Duration]
    /// The inputs and outputs that the model's file declares; `nil`: those that the model itself declares.
    package var signature: ModelSignature?
    /// The names of classes, by output, in the order of the output's elements.
    package var labels: [String: [String]]
    /// Shapes for the runs before the first call, by input: for a model that does not run where each free dimension is 1.
    package var warmUp: [String: Shape]
    /// Which member of `samples.json` beside the model's file holds rows of which input; empty: there are none.
    package var samples: [String: String]

    /// `nil` if the name or the version holds a character that a queue's name may not have.
    package var queue: QueueName? { QueueName(model: name, version: version) }

    package init(
        name: String,
        version: String = "1",
        isVersionNamed: Bool = false,
        backend: Backend = .onnxruntime(ONNXOptions()),
        pools: [String] = ["cpu"],
        batching: BatchingSettings = BatchingSettings(),
        maximumQueue: Int = 20_000,
        maximumAttempts: Int = 3,
        maximumCrashes: Int = 3,
        runTimeout: Duration? = nil,
        loadTimeout: Duration? = nil,
        deadline: Duration? = nil,
        deadlines: [PriorityClass: Duration] = [:],
        signature: ModelSignature? = nil,
        labels: [String: [String]] = [:],
        warmUp: [String: Shape] = [:],
        samples: [String: String] = [:]
    ) {
        self.name = name
        self.version = version
        self.isVersionNamed = isVersionNamed
        self.backend = backend
        self.pools = pools
        self.batching = batching
        self.maximumQueue = maximumQueue
        self.maximumAttempts = maximumAttempts
        self.maximumCrashes = maximumCrashes
        self.runTimeout = runTimeout
        self.loadTimeout = loadTimeout
        self.deadline = deadline
        self.deadlines = deadlines
        self.signature = signature
        self.labels = labels
        self.warmUp = warmUp
        self.samples = samples
    }
}

extension ModelSettings {
    /// What loading and warming it may take: as given, else `least` or three times what it declares.
    package func loadBound(least: Duration = .seconds(900)) -> Duration {
        loadTimeout ?? max(least, backend.declaredLoad * 3)
    }
}

extension ModelSettings.Backend {
    /// What loading takes as far as the model's file says it: two warm-up runs included.
    fileprivate var declaredLoad: Duration {
        switch self {
        case .onnxruntime: .zero
        case .synthetic(let options): options.startUp + (options.fixedCost + options.costPerRow) * 2
        }
    }

    /// What the longest run takes as far as the model's file says it; `nil`: it says nothing.
    package func declaredRun(maximumRows: Int) -> Duration? {
        switch self {
        case .onnxruntime: nil
        case .synthetic(let options): options.fixedCost + options.costPerRow * maximumRows
        }
    }
}

/// The bounds of dynamic batching.
package struct BatchingSettings: Sendable, Equatable {
    /// Whether requests may share a run and large ones be cut. Default: where it is proven that rows are independent.
    package var joining: JoiningWish
    /// Most rows in a batch; a request with more rows is split. Default 64.
    package var maximumRows: Int
    /// Longest time that a batch may wait for more rows while an instance is free; zero: never waits.
    /// Default zero, under which batches form by themselves as soon as all instances are busy.
    package var maximumDelay: Duration

    package init(
        joining: JoiningWish = .proven,
        maximumRows: Int = 64,
        maximumDelay: Duration = .zero
    ) {
        self.joining = joining
        self.maximumRows = maximumRows
        self.maximumDelay = maximumDelay
    }
}
