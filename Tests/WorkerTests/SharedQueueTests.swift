import Inference
import Jobs
import Settings
import Tensors
import TestSupport
import Testing
import Time
import WorkerTestSupport

@testable import Worker

/// Workers on the queue's specification, which they share with a gateway and with each other.
@Suite(.timeLimit(.minutes(1))) struct SharedQueueTests {
    private func submit(_ count: Int, to queue: ModelQueue) async throws -> [JobID] {
        var ids: [JobID] = []
        for number in 0..<count {
            var job = try makeJob(number).job
            job.replyTo = nil
            guard case .accepted(let id, _) = try await queue.submit(job, once: nil) else { throw FixtureError() }
            ids.append(id)
        }
        return ids
    }

    private func outcome(of id: JobID, in queue: ModelQueue) async throws -> Outcome {
        guard case .settled(let outcome) = try await queue.state(of: id, waitingUpTo: .seconds(30)) else {
            throw FixtureError()
        }
        return outcome
    }

    @Test("a worker that drains while another serves: every job is finished, none is left behind")
    func handsOver() async throws {
        let time = RunningTime()
        let queue = ModelQueue(clock: time)
        let first = makeService(
            id: "w1", queue: queue.worker("w1"), time: time,
            batching: BatchingSettings(maximumRows: 2))
        let second = makeService(id: "w2", queue: queue.worker("w2"), time: time)
        let ids = try await submit(300, to: queue)
        async let firstRun: Void = first.run()
        async let secondRun: Void = second.run()
        _ = try await outcome(of: ids[150], in: queue)
        first.drain()
        try await firstRun
        for (number, id) in ids.enumerated() {
            let outcome = try await outcome(of: id, in: queue)
            guard case .finished(let outputs) = outcome.ending else {
                Issue.record("job \(number) ended as \(outcome.ending)")
                continue
            }
            #expect(floats(outputs[0]).first == Float(number))
        }
        second.drain()
        try await secondRun
        let depth = try await queue.depth(of: try makeQueueName())
        #expect(depth.total == 0)
        #expect(try await queue.workers().isEmpty, "both have left")
    }

    @Test("a cancelled job keeps the outcome that its canceller was given")
    func cancellation() async throws {
        let time = RunningTime()
        let queue = ModelQueue(clock: time)
        let gate = Gate()
        let service = makeService(
            queue: queue.worker("w1"), time: time, backend: TestBackend(beforeRun: { gate.pass() }),
            batching: BatchingSettings(maximumRows: 1))
        async let running: Void = service.run()
        let warm = try await submit(1, to: queue)
        _ = try await outcome(of: warm[0], in: queue)
        gate.close()
        let ids = try await submit(3, to: queue)
        await gate.waitUntilEntered()
        for id in ids {
            guard case .settled(let outcome) = try await queue.cancel(id, reason: "no longer wanted") else {
                throw FixtureError()
            }
            #expect(outcome.ending == .cancelled(reason: "no longer wanted"))
        }
        gate.open()
        service.drain()
        try await running
        for id in ids {
            #expect(try await outcome(of: id, in: queue).ending == .cancelled(reason: "no longer wanted"))
        }
        #expect(try await queue.depth(of: try makeQueueName()).total == 0)
    }

    @Test("an error of the backend is retried through the queue and then fails")
    func retries() async throws {
        let time = RunningTime()
        let queue = ModelQueue(clock: time)
        let service = makeService(
            queue: queue.worker("w1"), time: time, backend: TestBackend(code: .backend, isBad: { $0 >= 1 }),
            maximumAttempts: 2)
        async let running: Void = service.run()
        let ids = try await submit(4, to: queue)
        for (number, id) in ids.enumerated() {
            let outcome = try await outcome(of: id, in: queue)
            switch outcome.ending {
            case .finished: #expect(number == 0)
            case .failed(let failure): #expect(number > 0 && failure.attempts == 2 && outcome.run.attempt == 2)
            default: Issue.record("job \(number) ended as \(outcome.ending)")
            }
        }
        service.drain()
        try await running
    }
}
