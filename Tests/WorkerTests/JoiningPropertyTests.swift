import FoundationEssentials
import Inference
import Jobs
import NIOCore
import Random
import Settings
import Tensors
import TestSupport
import Testing
import Time
import WorkerTestSupport

@testable import Worker

/// Many callers at once against the runtime alone, over models of both kinds.
@Suite(.timeLimit(.minutes(5))) struct JoiningPropertyTests {
    /// In training mode the runtime keeps the running mean from run to run: it differs from itself.
    static let repeatable = ModelKind.all.filter { $0.name != "the mean of the run in training mode" }

    /// The worker's answers and the runtime's own on the same request alone, bit for bit.
    ///
    /// Models that are joined are held to the proof's 1e-5: a batch takes another kernel than a row (a product of matrices
    /// with one row is a product with a vector), whose sums round differently. Everything that is not joined is equal to the
    /// last bit.
    @Test(
        "every caller gets what the runtime gives it alone", arguments: repeatable.map(\.name), [1, 2] as [UInt64])
    func alone(name: String, seed: UInt64) async throws {
        let kind = try #require(ModelKind.all.first { $0.name == name })
        let folder = FileManager.default.temporaryDirectory.appending(path: "spate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "m/1"), withIntermediateDirectories: true)
        try Data(kind.model.bytes).write(to: folder.appending(path: "m/1/model.onnx"))
        let registry = BackendRegistry(runtime: RuntimeSettings(), repository: ModelRepository(path: folder.path))
        let settings = ModelSettings(name: "m")
        let alone = try registry.load(settings).makeInstance()

        var generator = Numbers(seed: seed)
        let jobs = try (1...40).map { number in
            try makeJob(number, inputs: request(of: kind, &generator, rows: number % 13 == 0 ? 90 : 1 + number % 7))
        }
        let queue = RecordingQueue()
        queue.add(Array(jobs.prefix(20)))
        let service = makeService(
            queue: queue, batching: BatchingSettings(maximumRows: 16),
            load: { _ throws(InferenceError) in try registry.load(settings) })
        async let running: Void = service.run()
        queue.add(Array(jobs.dropFirst(20)))
        await queue.wait { $0.settled.count >= jobs.count }
        let joining = service.report.models.first?.joining
        service.drain()
        try await running

        #expect(joining?.joinsRows == (kind.rows == .independent), "seed \(seed): \(joining?.reason ?? "")")
        #expect(queue.state.retried.isEmpty)
        let settled = Dictionary(queue.state.settled.map { ($0.outcome.id, $0.outcome.ending) }) { first, _ in first }
        for job in jobs {
            let inputs = job.job.inputs
            let expected = try? alone.run(inputs, rows: inputs[0].rows, requestedOutputs: [])
            switch (settled[job.id], expected) {
            case (.finished(let outputs)?, let expected?):
                compare(outputs, expected, kind, "seed \(seed), job of \(inputs.map(\.shape))")
            case (.failed?, nil): break
            default: Issue.record("seed \(seed), job of \(inputs.map(\.shape)): \(String(describing: settled[job.id]))")
            }
        }
    }

    private func compare(_ outputs: [Tensor], _ expected: [Tensor], _ kind: ModelKind, _ comment: String) {
        #expect(outputs.map(\.shape) == expected.map(\.shape), "\(comment)")
        for (one, other) in zip(outputs, expected) where one.bytes != other.bytes {
            guard kind.rows == .independent, one.elementType == .float32 else {
                Issue.record("\(comment): output '\(one.name)' differs")
                continue
            }
            let scale = floats(other).reduce(1) { max($0, abs($1)) }
            for (a, b) in zip(floats(one), floats(other)) {
                #expect(abs(a - b) <= 1e-5 * scale, "\(comment): \(a) and \(b)")
            }
        }
    }

    private func request(of kind: ModelKind, _ numbers: inout Numbers, rows: Int) -> [Tensor] {
        zip(kind.model.inputs, kind.shapes(rows)).map { port, dimensions in
            var bytes = ByteBuffer()
            let count = dimensions.reduce(1, *)
            for _ in 0..<count {
                switch port.type {
                case 7: bytes.writeInteger(Int64(numbers.below(kind.integers)), endianness: .little)
                case 8:
                    let text = String(repeating: "ab", count: numbers.below(4))
                    bytes.writeInteger(UInt32(text.utf8.count), endianness: .little)
                    bytes.writeString(text)
                default:
                    // A third is nought, so that what counts or compares values has something to find.
                    let value = numbers.below(3) == 0 ? 0 : Float(numbers.below(4_001) - 2_000) / 100
                    bytes.writeInteger(value.bitPattern, endianness: .little)
                }
            }
            let type: ElementType = port.type == 7 ? .int64 : port.type == 8 ? .bytes : .float32
            return Tensor(name: port.name, elementType: type, shape: Shape(dimensions), bytes: bytes)
        }
    }

    /// A failure replays from its seed.
    private struct Numbers {
        private var generator: SeededGenerator
        init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

        mutating func below(_ bound: Int) -> Int { Int(generator.next() >> 33) % bound }
    }
}
