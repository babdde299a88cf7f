import Dispatch
import Inference
import Jobs
import Logging
import Observability
import Settings
import Synchronization
import Tensors
import Time
import WorkerTestSupport

@testable import Worker
import Clocks

/// Cluster time that follows the machine's monotonic clock.
struct RunningTime: TimeSource {
    private let start = ContinuousClock.now
    func now() -> Timestamp { .zero + (ContinuousClock.now - start) }
}

/// A backend of echoing instances whose runs wait at a gate.
struct TestBackend: Backend {
    var signature = makeSignature()
    let platform = "test"
    var rows = RowKnowledge.byConstruction
    var code = InferenceError.Code.invalidInput
    var isBad: @Sendable (Float) -> Bool = { _ in false }
    var beforeRun: @Sendable () -> Void = {}
    var samplesProblem: String?

    func samples(for signature: ModelSignature) throws(InferenceError) -> [[Tensor]] {
        if let samplesProblem { throw InferenceError(.modelUnavailable, samplesProblem) }
        return []
    }

    func makeInstance() throws(InferenceError) -> any BackendInstance { Instance(backend: self) }

    final class Instance: BackendInstance {
        private let echo: EchoInstance
        private let backend: TestBackend

        init(backend: TestBackend) {
            self.backend = backend
            echo = EchoInstance(code: backend.code, isBad: backend.isBad)
        }

        func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
            backend.beforeRun()
            return try echo.run(inputs, rows: rows, requestedOutputs: requestedOutputs)
        }
    }
}

/// Blocks runs between `close` and `open`.
final class Gate: Sendable {
    private let isOpen = Atomic(true)
    private let entered = Signal()
    private let opened = DispatchSemaphore(value: 0)

    func close() { isOpen.store(false, ordering: .sequentiallyConsistent) }

    /// Once, for good.
    func open() {
        isOpen.store(true, ordering: .sequentiallyConsistent)
        opened.signal()
    }

    func pass() {
        if isOpen.load(ordering: .sequentiallyConsistent) { return }
        entered.raise()
        opened.wait()
        // For the next one that waits.
        opened.signal()
    }

    func waitUntilEntered() async { await entered.wait() }
}

func makeService(
    id: String = "w1", queue: any WorkQueue, time: any TimeSource = RunningTime(),
    steady: any TimeSource = MonotonicTime(ContinuousClock()), backend: TestBackend = TestBackend(),
    maximumAttempts: Int = 3,
    drainTimeout: Duration = .seconds(20), loadingBound: Duration = .seconds(60),
    hungRunBound: Duration = .seconds(60), maximumHeldBytes: Int = 512 << 20, signature: ModelSignature? = nil,
    batching: BatchingSettings = BatchingSettings(), models: [String] = ["m"], instances: Int = 1,
    notes: RunNotes = RunNotes(), runTimeout: Duration? = nil, load: ModelLoader? = nil,
    loads: (any LoadBoard)? = nil, stamp: @escaping @Sendable () -> String = { "" },
    reread: @escaping @Sendable (ModelSettings) -> ModelSettings = { $0 }
) -> WorkerService {
    let echoing: ModelLoader = { _ throws(InferenceError) in backend }
    let loader: ModelLoader
    if let load { loader = load } else { loader = echoing }
    return WorkerService(
        configuration: .init(
            id: id, pool: PoolSettings(name: "cpu", drainTimeout: drainTimeout),
            models: models.map {
                ModelSettings(
                    name: $0, backend: .synthetic(SyntheticOptions(instances: instances)), batching: batching,
                    maximumAttempts: maximumAttempts, runTimeout: runTimeout, signature: signature)
            },
            launched: .zero, patience: .milliseconds(100), maximumHeldBytes: maximumHeldBytes,
            loadingBound: loadingBound, hungRunBound: hungRunBound,
            lastWrites: .milliseconds(300)),
        queue: queue, load: loader, notes: notes, loads: loads, stamp: { _ in stamp() }, reread: reread,
        metrics: MetricsRegistry(), time: time, steady: steady,
        logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
}

/// What a worker with one model says of joining once it is ready, before there is a request.
func joiningWhenReady(_ backend: any Backend) async throws -> WorkerReport.JoiningReport? {
    let queue = RecordingQueue()
    let service = makeService(queue: queue, load: { _ throws(InferenceError) in backend })
    async let running: Void = service.run()
    await queue.wait { $0.reports.contains { $0.state == .ready } }
    let joining = service.report.models.first?.joining
    service.drain()
    try await running
    return joining
}
