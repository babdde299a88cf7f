import Inference
import Jobs
import Settings
import Synchronization
import Tensors
import Testing
import Time
import WorkerTestSupport

@testable import Worker

/// The whole role against a queue in memory and backends on real inference threads.
@Suite(.timeLimit(.minutes(1))) struct WorkerServiceTests {
    private func serve(
        _ service: WorkerService, queue: RecordingQueue, _ body: () async throws -> Void
    ) async throws {
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        try await body()
        service.drain()
        try await running
    }

    @Test("every job is settled once with its own answer, and the worker leaves")
    func settlesAll() async throws {
        let queue = RecordingQueue()
        let jobs = try (0..<2_000).map { try makeJob($0, rows: 1 + $0 % 3) }
        try await serve(makeService(queue: queue), queue: queue) {
            queue.add(jobs)
            await queue.wait { $0.settled.count >= 2_000 }
        }
        let state = queue.state
        #expect(state.hasLeft)
        #expect(Set(state.settled.map(\.outcome.id)) == Set(jobs.map(\.id)) && state.settled.count == jobs.count)
        let inputs = Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, $0) })
        for settlement in state.settled {
            let job = try #require(inputs[settlement.outcome.id])
            guard case .finished(let outputs) = settlement.outcome.ending else {
                Issue.record("ended as \(settlement.outcome.ending)")
                continue
            }
            #expect(outputs.map(\.name) == ["y"])
            #expect(outputs.map(\.bytes) == job.job.inputs.map(\.bytes))
            #expect(settlement.outcome.replyTo == job.job.replyTo)
            #expect(settlement.outcome.run.worker == "w1" && settlement.outcome.run.batchRows >= 1)
        }
        #expect(state.settleSizes.contains { $0 > 1 }, "outcomes are written together")
    }

    @Test("an outcome that is too large to be stored ends as a failure that says so; the others are stored")
    func outcomeTooLarge() async throws {
        let queue = RecordingQueue()
        queue.limitOutcomes(to: 8 * 4)
        let jobs = try [1, 2, 9, 3].enumerated().map { try makeJob($0.offset, rows: $0.element) }
        try await serve(makeService(queue: queue), queue: queue) {
            queue.add(jobs)
            await queue.wait { $0.settled.count >= 4 }
        }
        for settlement in queue.state.settled {
            switch settlement.outcome.ending {
            case .finished: #expect(settlement.outcome.id != jobs[2].id)
            case .failed(let failure):
                #expect(settlement.outcome.id == jobs[2].id)
                #expect(failure.message == "the outcome is too large: at most 32 bytes fit")
            case .expired, .cancelled: Issue.record("ended as \(settlement.outcome.ending)")
            }
        }
        #expect(Set(queue.state.settled.map(\.outcome.id)) == Set(jobs.map(\.id)))
    }

    @Test(
        "jobs that workers died with run one by one, each marked before it runs and unmarked after; others are batched")
    func trials() async throws {
        let queue = RecordingQueue()
        var jobs = try (0..<60).map { try makeJob($0) }
        for index in stride(from: 0, to: 60, by: 10) { jobs[index].crashes = 1 }
        queue.fail(.beginTrial, times: 2)
        try await serve(makeService(queue: queue), queue: queue) {
            queue.add(jobs)
            await queue.wait { $0.settled.count >= 60 }
        }
        let state = queue.state
        #expect(state.tried == stride(from: 0, to: 60, by: 10).map { jobs[$0].id })
        #expect(Set(state.ended) == Set(state.tried))
        #expect(Set(state.settled.map(\.outcome.id)) == Set(jobs.map(\.id)))
        for settlement in state.settled where state.tried.contains(settlement.outcome.id) {
            #expect(settlement.outcome.run.batchRows == 1)
        }
    }

    @Test("takes no more than it can start and one batch ahead")
    func takesLittle() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }),
            batching: BatchingSettings(maximumRows: 4))
        try await serve(service, queue: queue) {
            gate.close()
            queue.add(try (0..<200).map { try makeJob($0) })
            await gate.waitUntilEntered()
            #expect(service.report.held <= 4 + 4 * 4 + 4, "one batch runs, at most four and one wait")
            #expect(queue.state.waiting.count >= 170)
            gate.open()
            await queue.wait { $0.settled.count == 200 }
        }
        #expect(queue.state.settled.count == 200)
    }

    @Test("a bad request among many fails alone")
    func badRequest() async throws {
        let queue = RecordingQueue()
        let backend = TestBackend(isBad: { Int($0) == 77 })
        try await serve(makeService(queue: queue, backend: backend), queue: queue) {
            queue.add(try (0..<200).map { try makeJob($0 + 1) })
            await queue.wait { $0.settled.count == 200 }
        }
        let failed = queue.state.settled.filter { if case .failed = $0.outcome.ending { true } else { false } }
        #expect(failed.map(\.outcome.id.entry.milliseconds) == [77])
        guard case .failed(let failure)? = failed.first?.outcome.ending else { return }
        #expect(failure.code == .invalidInput && failure.message.contains("77"))
    }

    @Test("an error of the backend is tried again with back-off until the attempts are used up")
    func retries() async throws {
        let queue = RecordingQueue()
        let backend = TestBackend(code: .backend, isBad: { $0 > 0 })
        try await serve(makeService(queue: queue, backend: backend, maximumAttempts: 3), queue: queue) {
            queue.add([try makeJob(1, attempt: 1)])
            await queue.wait { $0.retried.count == 1 }
            queue.add([try makeJob(1, attempt: 2)])
            await queue.wait { $0.retried.count == 2 }
            queue.add([try makeJob(1, attempt: 3)])
            await queue.wait { $0.settled.count == 1 }
        }
        let state = queue.state
        #expect(state.retried.map(\.delay) == [.milliseconds(100), .milliseconds(200)])
        guard case .failed(let failure)? = state.settled.first?.outcome.ending else {
            Issue.record("did not fail")
            return
        }
        #expect(failure.code == .backend && failure.attempts == 3)
    }

    @Test("a job that does not fit the model fails alone with the reason")
    func misfit() async throws {
        let queue = RecordingQueue()
        try await serve(makeService(queue: queue), queue: queue) {
            queue.add([try makeJob(1), try makeJob(2, width: 3), try makeJob(3)])
            await queue.wait { $0.settled.count == 3 }
        }
        for settlement in queue.state.settled {
            switch settlement.outcome.ending {
            case .failed(let failure):
                #expect(settlement.outcome.id.entry.milliseconds == 2)
                #expect(failure.code == .invalidInput && failure.message.contains("shape"))
            default: #expect(settlement.outcome.id.entry.milliseconds != 2)
            }
        }
    }

    @Test("a job whose deadline has passed is answered as expired and not run")
    func expired() async throws {
        let queue = RecordingQueue()
        let runs = Atomic(0)
        let backend = TestBackend(beforeRun: { runs.add(1, ordering: .relaxed) })
        try await serve(makeService(queue: queue, backend: backend), queue: queue) {
            let before = runs.load(ordering: .relaxed)
            queue.add([try makeJob(1, deadline: .zero)])
            await queue.wait { $0.settled.count == 1 }
            #expect(runs.load(ordering: .relaxed) == before)
        }
        #expect(queue.state.settled.first?.outcome.ending == .expired)
    }

    @Test("a queue that fails for a while loses nothing: takes and settles are tried again")
    func outage() async throws {
        let queue = RecordingQueue()
        try await serve(makeService(queue: queue), queue: queue) {
            queue.fail(.settle, times: 3)
            queue.fail(.take, times: 2)
            queue.fail(.renewLease, times: 1)
            queue.add(try (0..<50).map { try makeJob($0) })
            await queue.wait { $0.settled.count == 50 }
        }
        #expect(queue.state.failed >= 5)
        #expect(Set(queue.state.settled.map(\.outcome.id)).count == 50)
    }

    @Test("a drain finishes what runs, gives back what waits, settles, leaves")
    func drain() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), batching: BatchingSettings(maximumRows: 1))
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        let jobs = try (0..<50).map { try makeJob($0) }
        queue.add(jobs)
        await gate.waitUntilEntered()
        service.drain()
        await queue.wait { $0.reports.last?.state == .draining && !$0.handedBack.isEmpty }
        #expect(!queue.state.hasLeft)
        gate.open()
        try await running
        let state = queue.state
        #expect(state.hasLeft)
        #expect(state.settled.count == 1)
        let everywhere = state.settled.map(\.outcome.id) + state.handedBack + state.waiting.map(\.id)
        #expect(everywhere.count == 50 && Set(everywhere) == Set(jobs.map(\.id)))
    }

    @Test("a second request to stop gives back what runs and ends with its own exit code")
    func cutShort() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(queue: queue, backend: TestBackend(beforeRun: { gate.pass() }))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.add([try makeJob(1)])
        await gate.waitUntilEntered()
        service.drain()
        running.cancel()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .cutShort && error?.exitCode == 75)
        #expect(queue.state.handedBack.count == 1 && queue.state.hasLeft)
        #expect(queue.state.takingWhenLeft == 0, "a take that ends later brings jobs that nobody gives back")
        gate.open()
    }

    @Test("the drain time-out gives back what still runs")
    func drainTimeout() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), drainTimeout: .milliseconds(200))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.add([try makeJob(1)])
        await gate.waitUntilEntered()
        service.drain()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .cutShort)
        #expect(queue.state.handedBack.count == 1)
        gate.open()
    }

    @Test(
        "a run that hangs with one job in it fails that job, once, with its bound; what is beside it goes back unharmed"
    )
    func watchdog() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), runTimeout: .milliseconds(50))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.add([try makeJob(1)])
        await gate.waitUntilEntered()
        queue.add([try makeJob(2)])
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .hungRun && error?.exitCode == 70)
        let state = queue.state
        #expect(state.hasLeft, "nothing is to be blamed on anybody else")
        #expect(state.settled.map(\.outcome.id.entry.milliseconds) == [1])
        guard case .failed(let failure)? = state.settled.first?.outcome.ending else {
            Issue.record("did not fail")
            return
        }
        #expect(failure.message.contains("may take 50ms; raise run_timeout in the model.yaml of 'm'"))
        #expect(state.handedBack.count + state.waiting.count == 1)
        gate.open()
    }

    @Test("a run that hangs with several jobs ends the worker without leaving, so that they count a crash")
    func watchdogOfBatch() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), runTimeout: .milliseconds(50))
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        gate.close()
        queue.add([try makeJob(1), try makeJob(2)])
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.code == .hungRun && !queue.state.hasLeft && queue.state.settled.isEmpty)
        gate.open()
    }

    @Test("a model that cannot be loaded ends the worker with the reason, unless another can be served")
    func loadFailure() async throws {
        let load: ModelLoader = { settings throws(InferenceError) in
            guard settings.name == "m" else { throw InferenceError(.modelUnavailable, "no file for \(settings.name)") }
            return TestBackend()
        }
        let alone = RecordingQueue()
        let error = await #expect(throws: WorkerError.self) {
            try await makeService(queue: alone, models: ["broken"], load: load).run()
        }
        #expect(error?.code == .noModel && error?.exitCode == 69)
        #expect(error?.message.contains("no file for broken") == true)
        #expect(alone.state.hasLeft)

        let queue = RecordingQueue()
        try await serve(makeService(queue: queue, models: ["broken", "m"], load: load), queue: queue) {
            queue.add([try makeJob(1)])
            await queue.wait { $0.settled.count == 1 }
        }
        let report = try #require(queue.state.reports.last { $0.state == .ready })
        #expect(report.models.first { $0.queue == "broken.1" }?.instances == 0)
        #expect(report.models.first { $0.queue == "m.1" }?.instances == 1)
    }

    @Test("the report says how far the worker is and what it has learned")
    func report() async throws {
        let queue = RecordingQueue()
        let service = makeService(queue: queue)
        try await serve(service, queue: queue) {
            queue.add(try (0..<10).map { try makeJob($0, rows: 2) })
            await queue.wait { $0.settled.count == 10 }
            let report = service.report
            #expect(report.state == .ready && report.id == "w1" && report.pool == "cpu")
            #expect(report.memory > 1 << 20)
            let startUp = try #require(report.startUp)
            #expect(startUp > .zero && startUp < .seconds(30))
            let model = try #require(report.models.first)
            #expect(model.queue == "m.1" && model.rows == 20 && model.batches >= 1 && model.costPerRow != nil)
        }
        #expect(queue.state.reports.map(\.state).first == .starting)
        #expect(queue.state.reports.last?.state == .draining)
    }

    @Test("a cancelled job that waits is not run")
    func cancelled() async throws {
        let gate = Gate()
        let queue = RecordingQueue()
        let service = makeService(
            queue: queue, backend: TestBackend(beforeRun: { gate.pass() }), batching: BatchingSettings(maximumRows: 1))
        try await serve(service, queue: queue) {
            gate.close()
            queue.add([try makeJob(1), try makeJob(2)])
            await gate.waitUntilEntered()
            let waiting = try makeJob(2).id
            queue.cancel(waiting)
            await queue.wait { $0.settled.contains { $0.outcome.id == waiting } }
            gate.open()
            await queue.wait { $0.settled.count == 2 }
        }
        for settlement in queue.state.settled {
            switch settlement.outcome.ending {
            case .cancelled: #expect(settlement.outcome.id.entry.milliseconds == 2)
            default: #expect(settlement.outcome.id.entry.milliseconds == 1)
            }
        }
    }
}
