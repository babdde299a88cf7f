import Inference
import LoadGenerator
import NIOCore
import Settings
import Synchronization
import Tensors
import Time

/// A model on its backend alone, as fast as two single-threaded instances go: the figure to compare with.
struct RawRuntime {
    private let threads: InferenceThreads
    private let inputs: [[Tensor]]

    init(config: String, model name: String, recording: String) throws {
        let settings = try ClusterSettings.load(path: config)
        guard let model = settings.models.first(where: { $0.name == name }) else {
            throw InferenceError(.modelUnavailable, "\(config) does not serve '\(name)'")
        }
        let registry = BackendRegistry(
            runtime: settings.runtime, repository: ModelRepository(path: settings.repository))
        threads = try InferenceThreads(count: 2, name: "raw", backend: registry.load(model))
        inputs = try Recording.read(path: recording).map { request in
            request.inputs.map {
                Tensor(
                    name: $0.name, elementType: $0.elementType, shape: Shape($0.shape),
                    bytes: ByteBuffer(bytes: $0.bytes))
            }
        }
    }

    /// Rows a second over `seconds`, one row a run, both instances always busy.
    func rowsPerSecond(for seconds: Double) async throws -> Double {
        let start = ContinuousClock.now
        let end = start + .milliseconds(Int64(seconds * 1_000))
        let counts = await withTaskGroup(of: Int.self) { group in
            for index in 0..<threads.count {
                group.addTask { [threads, inputs] in
                    await withCheckedContinuation { continuation in
                        threads.run(on: index) { instance in
                            var count = 0
                            while ContinuousClock.now < end {
                                let row = inputs[(count * 2 + index) % inputs.count]
                                // A failing run ends the count: the figure is then visibly too low.
                                guard (try? instance.run(row, rows: 1, requestedOutputs: [])) != nil else { break }
                                count += 1
                            }
                            continuation.resume(returning: count)
                        }
                    }
                }
            }
            return await group.reduce(0, +)
        }
        return Double(counts) / (ContinuousClock.now - start).seconds
    }
}
