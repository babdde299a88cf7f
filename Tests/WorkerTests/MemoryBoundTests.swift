import Jobs
import Logging
import Settings
import Testing
import Time
import WorkerCore
import WorkerTestSupport

@testable import Worker
import Clocks

@Suite(.timeLimit(.minutes(1))) struct MemoryBoundTests {
    @Test("a worker takes no more jobs than the bytes of their inputs allow, and finishes all")
    func inputs() async throws {
        let queue = RecordingQueue()
        let service = makeService(queue: queue, maximumHeldBytes: 3 * 8)
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        // Eight bytes each; one alone is above the bound.
        queue.add(try (0..<100).map { try makeJob($0, rows: $0 == 50 ? 10 : 1) })
        await queue.wait { $0.settled.count == 100 }
        service.drain()
        try await running
        #expect(queue.state.takeLimits.allSatisfy { $0 <= 3 }, "\(queue.state.takeLimits)")
    }

    @Test("a writer is full above its bytes, and has room again when they are written or given back")
    func outcomes() async throws {
        let queue = RecordingQueue()
        let room = Signal()
        let writer = OutcomeWriter(
            queue: queue, byteCapacity: 100, clock: ContinuousClock(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }), onRoom: { room.raise() })
        let job = try makeJob(1, rows: 10)
        writer.add([.settle(settlement(of: job))])
        #expect(!writer.isFull)
        writer.add([.handBack(try makeJob(2, rows: 3)), .retry(try makeJob(3, rows: 1), after: .zero, error: "e")])
        #expect(writer.isFull)
        let running = Task { await writer.run() }
        await room.wait()
        await writer.flush()
        #expect(writer.pending == 0 && !writer.isFull)
        running.cancel()
        await running.value
    }

    @Test("what is left of an outcome that is too large to be stored counts no bytes")
    func tooLarge() async throws {
        let queue = RecordingQueue()
        queue.limitOutcomes(to: 8)
        let writer = OutcomeWriter(
            queue: queue, clock: ContinuousClock(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        writer.add([.settle(settlement(of: try makeJob(1, rows: 10)))])
        let running = Task { await writer.run() }
        await writer.flush()
        #expect(writer.pending == 0 && queue.state.settled.count == 1)
        running.cancel()
        await running.value
    }

    private func settlement(of job: TakenJob) -> Settlement {
        Settlement(
            outcome: Outcome(
                id: job.id, replyTo: nil, echo: job.job.echo, ending: .finished(job.job.inputs),
                run: RunRecord(submitted: .zero, settled: .zero)),
            retention: .seconds(1))
    }
}
