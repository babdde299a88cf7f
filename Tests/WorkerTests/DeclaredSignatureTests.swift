import Inference
import Jobs
import Settings
import Tensors
import Testing
import WorkerTestSupport

@testable import Worker

@Suite(.timeLimit(.minutes(1))) struct DeclaredSignatureTests {
    @Test("requests of a model whose first axis is declared to be no row count never share a run")
    func keptApart() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let declared = makeSignature(maximumBatchSize: nil)
        let sequence = ModelSignature(
            inputs: declared.inputs.map { .init(name: $0.name, elementType: $0.elementType, shape: [3, 2]) },
            outputs: declared.outputs.map { .init(name: $0.name, elementType: $0.elementType, shape: [3, 2]) },
            maximumBatchSize: nil)
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), signature: sequence)
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.add(try (0..<20).map { try makeJob($0, rows: 3) } + [try makeJob(20, rows: 2)])
        await gate.waitUntilEntered()
        gate.open()
        await queue.wait { $0.settled.count == 21 }
        service.drain()
        try await running
        for settlement in queue.state.settled {
            switch settlement.outcome.ending {
            case .finished(let outputs):
                #expect(outputs.first?.shape == [3, 2])
                #expect(settlement.outcome.run.batchRows == 1)
            case .failed(let failure):
                #expect(settlement.outcome.id.entry.milliseconds == 20)
                #expect(failure.code == .invalidInput && failure.message.contains("[3,2]"))
            default: Issue.record("ended as \(settlement.outcome.ending)")
            }
        }
    }

    @Test("a declaration that the model cannot keep is an error that says which")
    func conflict() async throws {
        let queue = RecordingQueue()
        let service = makeService(queue: queue, signature: makeSignature(width: 3))
        let error = await #expect(throws: WorkerError.self) { try await service.run() }
        #expect(error?.code == .noModel)
        #expect(
            error?.message.contains("input 'x' is declared with the shape [-1,3], but the model's is [-1,2]") == true)
    }
}
