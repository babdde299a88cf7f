import Dispatch
package import Inference
import Jobs
package import Settings
import Tensors

/// Makes a backend of a model's settings; blocking. Production passes `BackendRegistry.load`.
package typealias ModelLoader = @Sendable (ModelSettings) throws(InferenceError) -> any Backend

/// A model that is ready to run: its instances on their threads, warm.
struct LoadedModel: Sendable {
    /// What the operator declared of it, or its own; `maximumBatchSize` is set where requests are joined.
    let signature: ModelSignature
    /// Whether requests share runs, and why.
    let joining: Joining
    let threads: InferenceThreads
    /// What warm-up runs have cost.
    let costs: [WarmUp.Measurement]
    /// Why it could not be warmed up; its first call does it then.
    let warmUpProblem: String?

    /// Loads a model, makes its instances, proves that its rows may be joined and warms it up, on threads that may block.
    static func load(_ settings: ModelSettings, with loader: @escaping ModelLoader) async throws -> LoadedModel {
        let (backend, threads) = try await blocking {
            let backend = try loader(settings)
            let threads = try InferenceThreads(
                count: settings.backend.instances, name: String(settings.name.prefix(12)), backend: backend)
            return (backend, threads)
        }
        do {
            var signature = try settings.signature(over: backend.signature)
            var joining = try await joining(of: settings, backend, signature, threads)
            signature.maximumBatchSize = joining.joinsRows ? settings.batching.maximumRows : nil
            var outcomes = try await warmUp(settings, signature, backend.rows.evidence, threads)
            if let refutation = outcomes.lazy.compactMap(\.refutation).first {
                joining = .none(.refuted(refutation))
                signature.maximumBatchSize = nil
                outcomes = try await warmUp(settings, signature, backend.rows.evidence, threads)
            }
            return LoadedModel(
                signature: signature, joining: joining, threads: threads, costs: outcomes.compactMap(\.measured),
                warmUpProblem: outcomes.lazy.compactMap(\.problem).first)
        } catch {
            try await blocking { threads.stop() }
            throw error
        }
    }

    /// Ends the threads. Nothing may run any more; blocks no task.
    func unload() async {
        do { try await Self.blocking { threads.stop() } } catch { preconditionFailure("stop does not throw: \(error)") }
    }

    /// On all instances at once.
    private static func warmUp(
        _ settings: ModelSettings, _ signature: ModelSignature, _ evidence: OperatorEvidence,
        _ threads: InferenceThreads
    ) async throws -> [WarmUp.Outcome] {
        let plan = WarmUpPlan(
            signature: signature, shapes: settings.warmUp, evidence: evidence,
            largest: signature.maximumBatchSize ?? 1)
        return try await withThrowingTaskGroup(of: [WarmUp.Outcome].self) { group in
            for index in 0..<threads.count {
                group.addTask { try await on(threads, index) { try plan.measure($0) } }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private static func joining(
        of settings: ModelSettings, _ backend: any Backend, _ signature: ModelSignature, _ threads: InferenceThreads
    ) async throws -> Joining {
        switch try settings.outlook(over: backend.signature, rows: backend.rows) {
        case .settled(let joining): return joining
        case .open:
            let evidence = backend.rows.evidence
            let maximumRows = settings.batching.maximumRows
            let shapes = settings.warmUp
            let samples: [[Tensor]]
            do {
                samples = try await blocking { try backend.samples(for: signature) }
            } catch let error as InferenceError {
                // A slip in the samples costs the proof, not the model.
                return .none(.unproven("it cannot be proven that rows are independent: \(error.message)"))
            }
            return try await on(threads, 0) { instance in
                try RowProof.run(
                    instance, signature: signature, evidence: evidence, shapes: shapes, samples: samples,
                    maximumRows: maximumRows)
            }
        }
    }

    /// Runs `body` with an instance on its thread.
    private static func on<Value: Sendable>(
        _ threads: InferenceThreads, _ index: Int,
        _ body: @escaping @Sendable (any BackendInstance) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            threads.run(on: index) { instance in continuation.resume(with: Result { try body(instance) }) }
        }
    }

    /// Runs `body` on a thread outside the cooperative pool, whose few threads renew the lease meanwhile.
    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            // A queue of its own: the shared ones have as many threads as there are cores, and loads that hang would keep all others,
            // and tasks too, from running.
            DispatchQueue(label: "spate.load").async { continuation.resume(with: Result(catching: body)) }
        }
    }
}

/// The runs that warm an instance up.
private struct WarmUpPlan: Sendable {
    let signature: ModelSignature
    let shapes: [String: Shape]
    let evidence: OperatorEvidence
    /// Rows of the largest batch.
    let largest: Int

    static let budget = Duration.milliseconds(150)

    /// Runs and measures sizes 1, 2, 4, … while the next is expected to end within the budget: a dear model is ready soon
    /// and learns the cost of larger batches from its work.
    func measure(_ instance: any BackendInstance) throws -> [WarmUp.Outcome] {
        var outcomes: [WarmUp.Outcome] = []
        var spent = Duration.zero
        var rows = 1
        while true {
            let outcome = try WarmUp.run(
                instance, signature: signature, shapes: shapes, evidence: evidence, rows: rows)
            outcomes.append(outcome)
            guard let measured = outcome.measured else { break }
            spent += measured.cost * 2
            // The next size runs twice and costs at most twice as much.
            guard rows < largest, spent + measured.cost * 4 <= Self.budget else { break }
            rows = min(rows * 2, largest)
        }
        return outcomes
    }
}

extension ModelSettings.Backend {
    /// Instances that run side by side in one worker.
    var instances: Int {
        switch self {
        case .onnxruntime(let options): max(1, options.instances)
        case .synthetic(let options): max(1, options.instances)
        }
    }
}

extension Joining {
    /// As a worker says it with its lease.
    var reported: WorkerReport.JoiningReport { .init(joinsRows: joinsRows, reason: reason) }
}
