/// How a model runs in ONNX Runtime.
package struct ONNXOptions: Sendable, Equatable {
    /// Sessions that run side by side in one worker. Default 1.
    package var instances: Int
    /// Threads of each session. Default 1; instances x threads beyond the cores of a worker only add waiting.
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
    /// Batches that sleep side by side in one worker. Default 1.
    package var instances: Int
    /// Time that a batch of no rows would take. Default 2 ms.
    package var fixedCost: Duration
    /// Default 500 us.
    package var costPerRow: Duration
    /// Time to pretend to load. Default zero.
    package var startUp: Duration
    /// Elements per row of its one FP32 input `x` and its one FP32 output `y`. Default 16.
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
