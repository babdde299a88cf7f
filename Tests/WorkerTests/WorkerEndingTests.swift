import Inference
import Jobs
import Settings
import Testing
import Time

@testable import Worker

/// What a worker does when something does not end, and by which clock.
@Suite(.timeLimit(.minutes(1))) struct WorkerEndingTests {
    @Test("the cluster's time may step: no run counts as hung for it, and its compute is what it took")
    func clockSteps() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let time = SteppingTime()
        let service = makeService(queue: queue, time: time, backend: TestBackend(beforeRun: { gate.pass() }))
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.add([try makeJob(1)])
        await gate.waitUntilEntered()
        time.advance(by: .seconds(3_600))
        // Renewals come as often as the watchdog looks.
        let count = queue.state.reports.count
        await queue.wait { $0.reports.count >= count + 3 }
        gate.open()
        await queue.wait { $0.settled.count == 1 }
        let run = try #require(queue.state.settled.first?.outcome.run)
        #expect(run.compute < .seconds(60))
        #expect(run.settled - run.submitted > .seconds(3_600), "records are in the cluster's time")
        service.drain()
        try await running
    }
}
