import Inference
import Jobs
import Settings
import Synchronization
import Tensors
import Testing
import Time
import WorkerTestSupport

@testable import Worker

/// What the worker does when outputs have not the rows of the inputs.
@Suite(.timeLimit(.minutes(1))) struct JoiningTests {
    /// `y` = the sum of all of `x`, in as many rows as `rows` says of the rows that came.
    private struct SummingBackend: Backend {
        let platform = "test"
        let rows = RowKnowledge.byConstruction
        let signature = makeSignature()
        var answer: @Sendable (Int) -> Int
        var onRun: @Sendable (Int) -> Void = { _ in }

        func makeInstance() throws(InferenceError) -> any BackendInstance { Instance(backend: self) }

        final class Instance: BackendInstance {
            private let backend: SummingBackend
            init(backend: SummingBackend) { self.backend = backend }

            func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
                let count = inputs[0].rows
                backend.onRun(count)
                let sum = floats(inputs[0]).reduce(0, +)
                return [makeTensor("y", values: Array(repeating: sum, count: backend.answer(count) * 2))]
            }
        }
    }

    private func sum(_ job: TakenJob) -> Float { floats(job.job.inputs[0]).reduce(0, +) }

    /// Runs `jobs` on a worker that joins what the backend says is joinable.
    private func settle(
        _ jobs: [TakenJob], on backend: SummingBackend, maximumRows: Int = 64
    ) async throws -> (settled: [JobID: Outcome], report: WorkerReport?, retried: Int) {
        let queue = RecordingQueue()
        queue.add(jobs)
        let service = makeService(
            queue: queue, batching: BatchingSettings(maximumRows: maximumRows),
            load: { _ throws(InferenceError) in backend })
        async let running: Void = service.run()
        await queue.wait { $0.settled.count >= jobs.count }
        let report = service.report
        service.drain()
        try await running
        let settled = Dictionary(queue.state.settled.map { ($0.outcome.id, $0.outcome) }) { first, _ in first }
        return (settled, report, queue.state.retried.count)
    }

    private func values(_ outcome: Outcome?) throws -> [Float] {
        guard case .finished(let outputs) = outcome?.ending else {
            Issue.record("ended as \(String(describing: outcome?.ending))")
            return []
        }
        return floats(outputs[0])
    }

    struct Answer: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rows: @Sendable (Int) -> Int
    }

    static let wrongRows = [
        Answer(testDescription: "one row more", rows: { $0 + 1 }),
        Answer(testDescription: "one row for all", rows: { $0 == 1 ? 2 : 1 }),
        Answer(testDescription: "none", rows: { _ in 0 }),
        Answer(testDescription: "wrong from three rows on", rows: { $0 < 3 ? $0 : $0 + 1 }),
    ]

    @Test("every request is answered by what it gives alone, none fails, none is tried again", arguments: wrongRows)
    func answersWhole(answer: Answer) async throws {
        let jobs = try (1...20).map { try makeJob($0, rows: $0 % 4 == 0 ? 100 : 1 + $0 % 2) }
        let runs = Mutex<[Int]>([])
        let backend = SummingBackend(answer: answer.rows, onRun: { rows in runs.withLock { $0.append(rows) } })
        let result = try await settle(jobs, on: backend)
        for job in jobs {
            let rows = job.job.inputs[0].rows
            let given = try values(result.settled[job.id])
            #expect(given == Array(repeating: sum(job), count: answer.rows(rows) * 2), "job of \(rows) rows")
        }
        #expect(result.retried == 0)
        let joining = result.report?.models.first?.joining
        #expect(joining?.joinsRows == false)
        #expect(joining?.reason.contains("the first dimension must count rows") == true, "\(joining?.reason ?? "")")
        // Each job whole, the warm-up, and no more than what one joined batch and one piece for each instance took before.
        #expect(runs.withLock { $0.count } <= jobs.count + 20)
    }

    @Test("outputs of other rows are found by the first runs, before there is a request")
    func foundAtWarmUp() async throws {
        let backend = SummingBackend(answer: { $0 + 1 })
        let joining = try await joiningWhenReady(backend)
        #expect(joining?.joinsRows == false)
        #expect(joining?.reason.contains("the first dimension must count rows") == true, "\(joining?.reason ?? "")")
    }

    @Test("parts of a request whose rows have other shapes are run again whole")
    func partsDisagree() async throws {
        // Rows are counted, but their width follows the number of rows that ran together.
        struct Widening: Backend {
            let platform = "test"
            let rows = RowKnowledge.byConstruction
            let signature = makeSignature()
            func makeInstance() throws(InferenceError) -> any BackendInstance { Instance() }
            final class Instance: BackendInstance {
                func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
                    let rows = inputs[0].rows
                    return [makeTensor("y", values: Array(repeating: 1, count: rows * rows), width: rows)]
                }
            }
        }
        let queue = RecordingQueue()
        let job = try makeJob(1, rows: 100)
        queue.add([job])
        let service = makeService(queue: queue, load: { _ throws(InferenceError) in Widening() })
        async let running: Void = service.run()
        await queue.wait { !$0.settled.isEmpty }
        service.drain()
        try await running
        guard case .finished(let outputs) = queue.state.settled.first?.outcome.ending else {
            Issue.record("\(queue.state.settled)")
            return
        }
        #expect(outputs.map(\.shape) == [[100, 100]])
    }
}
