import Inference
import Jobs
import Settings
import Testing
import Time
import WorkerTestSupport

@testable import Worker

/// What a worker does when something does not end, and by which clock.
@Suite(.timeLimit(.minutes(1))) struct WorkerEndingTests {
    @Test("a load that hangs ends the worker, which has left")
    func hungLoad() async throws {
        let gate = Gate()
        gate.close()
        let queue = RecordingQueue()
        let load: ModelLoader = { _ throws(InferenceError) in
            gate.pass()
            return TestBackend()
        }
        let service = makeService(queue: queue, loadingBound: .milliseconds(50), load: load)
        let error = await #expect(throws: WorkerError.self) { try await service.run() }
        #expect(error?.code == .hungLoad && error?.exitCode == 70 && error?.leavesThread == true)
        #expect(queue.state.hasLeft)
        gate.open()
    }

    @Test("a warm-up that hangs ends the worker too")
    func hungWarmUp() async throws {
        let gate = Gate()
        gate.close()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), loadingBound: .milliseconds(50))
        let error = await #expect(throws: WorkerError.self) { try await service.run() }
        #expect(error?.code == .hungLoad)
        gate.open()
    }

    @Test("a worker that is told to stop while it loads does not wait for the load")
    func stoppedLoading() async throws {
        let gate = Gate()
        gate.close()
        let queue = RecordingQueue()
        let load: ModelLoader = { _ throws(InferenceError) in
            gate.pass()
            return TestBackend()
        }
        let service = makeService(queue: queue, load: load)
        let running = Task { try await service.run() }
        await gate.waitUntilEntered()
        service.drain()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .stoppedLoading && error?.exitCode == 0 && error?.leavesThread == true)
        #expect(queue.state.hasLeft)
        gate.open()
    }

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

    @Test("running and writing share one drain time-out")
    func oneDrainTimeout() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let steady = SteppingTime()
        let service = makeService(
            queue: queue, steady: steady, backend: TestBackend(beforeRun: { gate.pass() }), drainTimeout: .seconds(50))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.fail(.settle, times: .max)
        queue.add([try makeJob(1)])
        await gate.waitUntilEntered()
        service.drain()
        await queue.wait { $0.reports.last?.state == .draining }
        steady.advance(by: .seconds(49))
        let start = ContinuousClock.now
        gate.open()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .cutShort)
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("while the queue is away last writes do not take the drain time-out", .timeLimit(.minutes(1)))
    func queueIsAway() async throws {
        let queue = RecordingQueue()
        let service = makeService(queue: queue, drainTimeout: .seconds(300))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        for call in [RecordingQueue.Call.settle, .renewLease, .leave] { queue.fail(call, times: .max) }
        queue.add([try makeJob(1)])
        await queue.wait { $0.failed >= 2 }
        service.drain()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .cutShort && error?.exitCode == 75)
    }

    @Test("a second request to stop ends the last writes as well")
    func cutShortWhileWriting() async throws {
        let queue = RecordingQueue()
        let service = makeService(queue: queue, drainTimeout: .seconds(50))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        queue.fail(.settle, times: .max)
        queue.add([try makeJob(1)])
        await queue.wait { $0.failed >= 1 }
        service.drain()
        await queue.wait { $0.reports.last?.state == .draining && $0.taking == 0 && $0.failed >= 4 }
        let start = ContinuousClock.now
        running.cancel()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .cutShort && error?.exitCode == 75)
        #expect(ContinuousClock.now - start < .seconds(20))
    }
}
