import Dispatch
package import Inference
package import Settings
import Tensors

/// Makes a backend of a model's settings; blocking. Production passes `BackendRegistry.load`.
package typealias ModelLoader = @Sendable (ModelSettings) throws(InferenceError) -> any Backend

/// A model that is ready to run: its instances on their threads, warm.
struct LoadedModel: Sendable {
    /// What the operator declared of it, or its own.
    let signature: ModelSignature
    let threads: InferenceThreads
    /// What warm-up runs have cost.
    let costs: [WarmUp.Measurement]

    /// Loads a model, makes its instances and warms them up, side by side, on threads that may block.
    static func load(_ settings: ModelSettings, with loader: @escaping ModelLoader) async throws -> LoadedModel {
        let (backend, threads) = try await blocking {
            let backend = try loader(settings)
            let threads = try InferenceThreads(
                count: settings.backend.instances, name: String(settings.name.prefix(12)), backend: backend)
            return (backend, threads)
        }
        let signature: ModelSignature
        var costs: [WarmUp.Measurement] = []
        do {
            signature = try settings.signature(over: backend.signature)
            costs = try await withThrowingTaskGroup(of: [WarmUp.Measurement].self) { group in
                for index in 0..<threads.count {
                    group.addTask { try await warmUp(threads, index, signature, settings.batching.maximumRows) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
        } catch {
            try await blocking { threads.stop() }
            throw error
        }
        return LoadedModel(signature: signature, threads: threads, costs: costs)
    }

    /// Ends the threads. Nothing may run any more; blocks no task.
    func unload() async {
        do { try await Self.blocking { threads.stop() } } catch { preconditionFailure("stop does not throw: \(error)") }
    }

    /// Runs and measures sizes 1, 2, 4, … while the next is expected to end within `warmUpBudget`: a dear model is
    /// ready soon and learns the cost of larger batches from its work.
    private static func warmUp(
        _ threads: InferenceThreads, _ index: Int, _ signature: ModelSignature, _ maximumRows: Int
    ) async throws -> [WarmUp.Measurement] {
        try await withCheckedThrowingContinuation { continuation in
            threads.run(on: index) { instance in
                continuation.resume(with: Result { try measure(instance, signature, maximumRows) })
            }
        }
    }

    static let warmUpBudget = Duration.milliseconds(150)

    private static func measure(
        _ instance: any BackendInstance, _ signature: ModelSignature, _ maximumRows: Int
    ) throws(InferenceError) -> [WarmUp.Measurement] {
        let largest = signature.maximumBatchSize.map { min($0, maximumRows) } ?? 1
        var measurements: [WarmUp.Measurement] = []
        var spent = Duration.zero
        var rows = 1
        while true {
            guard let measured = try WarmUp.run(instance, signature: signature, rows: [rows]).first else { break }
            measurements.append(measured)
            spent += measured.cost * 2
            // The next size runs twice and costs at most twice as much.
            guard rows < largest, spent + measured.cost * 4 <= warmUpBudget else { break }
            rows = min(rows * 2, largest)
        }
        return measurements
    }

    /// Runs `body` on a thread outside the cooperative pool, whose few threads renew the lease meanwhile.
    private static func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value
    {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(with: Result(catching: body)) }
        }
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
