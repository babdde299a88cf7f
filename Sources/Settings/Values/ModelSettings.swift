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
    /// Time from submit to result that the scaler keeps for jobs without a deadline of their own; `nil`: it keeps waits
    /// below the scaler's target wait.
    package var deadline: Duration?
    /// In place of it for jobs of a priority class.
    package var deadlines: [PriorityClass: Duration]
    /// The inputs and outputs that the model's file declares; `nil`: those that the model itself declares.
    package var signature: ModelSignature?
    /// The names of classes, by output, in the order of the output's elements.
    package var labels: [String: [String]]

    /// `nil` if the name or the version holds a character that a queue's name may not have.
    package var queue: QueueName? { QueueName(model: name, version: version) }

    package init(
        name: String,
        version: String = "1",
        backend: Backend = .onnxruntime(ONNXOptions()),
        pools: [String] = ["cpu"],
        batching: BatchingSettings = BatchingSettings(),
        maximumQueue: Int = 20_000,
        maximumAttempts: Int = 3,
        maximumCrashes: Int = 3,
        deadline: Duration? = nil,
        deadlines: [PriorityClass: Duration] = [:],
        signature: ModelSignature? = nil,
        labels: [String: [String]] = [:]
    ) {
        self.name = name
        self.version = version
        self.backend = backend
        self.pools = pools
        self.batching = batching
        self.maximumQueue = maximumQueue
        self.maximumAttempts = maximumAttempts
        self.maximumCrashes = maximumCrashes
        self.deadline = deadline
        self.deadlines = deadlines
        self.signature = signature
        self.labels = labels
    }
}

/// The bounds of dynamic batching.
package struct BatchingSettings: Sendable, Equatable {
    /// Most rows in a batch; a request with more rows is split. Default 64.
    package var maximumRows: Int
    /// Longest time that a batch may wait for more rows while an instance is free; zero: never waits.
    /// Default zero, under which batches form by themselves as soon as all instances are busy.
    package var maximumDelay: Duration

    package init(
        maximumRows: Int = 64,
        maximumDelay: Duration = .zero
    ) {
        self.maximumRows = maximumRows
        self.maximumDelay = maximumDelay
    }
}
