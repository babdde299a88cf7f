import Inference
import Jobs
import Settings
import Synchronization
import TestSupport
import Testing
import Time
import WorkerCore
import WorkerTestSupport

@testable import Worker

/// How a worker gets its models, and what it notes of those that it cannot have.
@Suite(.timeLimit(.minutes(1))) struct LoadingTests {
    private let slow: Gate
    private let load: ModelLoader

    /// The model `slow` loads while the gate is open, `broken` never does.
    init() {
        let gate = Gate()
        slow = gate
        load = { settings throws(InferenceError) in
            if settings.name == "slow" { gate.pass() }
            if settings.name == "broken" { throw InferenceError(.modelUnavailable, "an operator is missing") }
            return TestBackend()
        }
    }

    private func state(of model: String, in report: WorkerReport) -> WorkerReport.Condition? {
        report.models.first { $0.queue == "\(model).1" }?.condition
    }

    @Test("jobs of a model that is loaded are answered while another is still loading")
    func besideALoad() async throws {
        slow.close()
        let queue = RecordingQueue()
        let service = makeService(queue: queue, models: ["slow", "m"], load: load)
        async let running: Void = service.run()
        queue.add([try makeJob(1)])
        await queue.wait { $0.settled.count == 1 }
        let report = service.report
        #expect(report.state == .ready && report.startUp == nil, "the start-up is not over")
        #expect(state(of: "slow", in: report) == .loading && state(of: "m", in: report) == .loaded)
        slow.open()
        await queue.wait { $0.reports.contains { $0.startUp != nil } }
        #expect(state(of: "slow", in: service.report) == .loaded)
        service.drain()
        try await running
    }

    @Test("a load beyond its bound counts as failed, with the bound and its key, and is served when it ends after all")
    func overdue() async throws {
        slow.close()
        let queue = RecordingQueue()
        let board = ModelLoadBoard()
        let service = makeService(
            queue: queue, loadingBound: .seconds(2), models: ["slow", "m"], load: load, loads: board)
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { self.state(of: "slow", in: $0) == .failed } }
        let fault = try #require(board.all.all.first { $0.queue == "slow.1" })
        #expect(fault.reason.contains("2s (load_timeout in its model.yaml)"))
        #expect(board.loading.map(\.queue) == ["slow.1"], "should the worker die, it is this load's doing")
        slow.open()
        await queue.wait { $0.reports.contains { self.state(of: "slow", in: $0) == .loaded } }
        #expect(board.all.all.isEmpty && board.loading.isEmpty)
        service.drain()
        try await running
    }

    @Test("a worker that drains while it loads leaves with 0 and does not count as dead of the load")
    func drainsWhileLoading() async throws {
        slow.close()
        let queue = RecordingQueue()
        let board = ModelLoadBoard()
        let service = makeService(queue: queue, models: ["slow", "m"], load: load, loads: board)
        let running = Task { try await service.run() }
        await queue.wait { $0.reports.contains { $0.state == .ready } }
        service.drain()
        let error = await #expect(throws: WorkerError.self) { try await running.value }
        #expect(error?.exitCode == 0 && error?.leavesThread == true)
        #expect(queue.state.hasLeft && board.loading.isEmpty)
        slow.open()
    }

    @Test("a model that fails is noted with the reason, and tried again when that is taken off")
    func triedAgain() async throws {
        let isMended = Atomic(false)
        let load: ModelLoader = { settings throws(InferenceError) in
            if settings.name == "broken", !isMended.load(ordering: .sequentiallyConsistent) {
                throw InferenceError(.modelUnavailable, "an operator is missing")
            }
            return TestBackend()
        }
        let queue = RecordingQueue()
        let board = ModelLoadBoard()
        let service = makeService(queue: queue, models: ["broken", "m"], load: load, loads: board)
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { self.state(of: "broken", in: $0) == .failed } }
        let name = try makeQueueName("broken")
        let fault = try #require(board.all.fault(of: name, in: "cpu", at: service.time.now()))
        #expect(fault.reason == "an operator is missing" && fault.failures == 1)
        isMended.store(true, ordering: .sequentiallyConsistent)
        try await board.clear(pool: "cpu", queue: name)
        await queue.wait { $0.reports.contains { self.state(of: "broken", in: $0) == .loaded } }
        service.drain()
        try await running
    }

    @Test("a model is tried again with what its file says by then, unless that makes another queue of it")
    func mendedSettings() async throws {
        let load: ModelLoader = { settings throws(InferenceError) in
            guard settings.maximumAttempts == 7 || settings.name == "m" else {
                throw InferenceError(.modelUnavailable, "a slip in model.yaml")
            }
            return TestBackend()
        }
        let queue = RecordingQueue()
        let board = ModelLoadBoard()
        let service = makeService(
            queue: queue, models: ["broken", "moved", "m"], load: load, loads: board,
            reread: { settings in
                var settings = settings
                settings.maximumAttempts = 7
                if settings.name == "moved" { settings.version = "2" }
                return settings
            })
        async let running: Void = service.run()
        await queue.wait { $0.reports.contains { self.state(of: "moved", in: $0) == .failed } }
        await queue.wait { $0.reports.contains { self.state(of: "broken", in: $0) == .failed } }
        for name in ["moved", "broken"] { try await board.clear(pool: "cpu", queue: makeQueueName(name)) }
        await queue.wait { $0.reports.contains { self.state(of: "broken", in: $0) == .loaded } }
        #expect(!queue.state.reports.contains { state(of: "moved", in: $0) == .loaded })
        service.drain()
        try await running
    }

    @Test(
        "after a worker died in a load, the next one loads that model alone first; after another death it is left out")
    func deaths() async throws {
        let board = ModelLoadBoard()
        func begin(_ worker: String, _ models: [String]) async throws -> (
            WorkerService, RecordingQueue, Task<Void, any Error>
        ) {
            let queue = RecordingQueue()
            let service = makeService(
                id: worker, queue: queue, models: models, load: load, loads: board, stamp: { "v1" })
            return (service, queue, Task { try await service.run() })
        }
        slow.close()
        let (_, first, firstRun) = try await begin("w1", ["slow", "m"])
        await first.wait { $0.reports.contains { $0.state == .ready } }
        board.kill("w1")

        let (_, second, secondRun) = try await begin("w2", ["slow", "m"])
        try await board.wait { $0.contains { $0.worker == "w2" } }
        #expect(board.history.last == board.history.first { $0.worker == "w2" })
        #expect(board.history.last?.queue == "slow.1" && board.history.last?.isAlone == true)
        #expect(second.state.reports.allSatisfy { $0.state == .starting }, "no job is taken beside it")
        board.kill("w2")

        let (third, thirdQueue, thirdRun) = try await begin("w3", ["slow", "m"])
        await thirdQueue.wait { $0.reports.contains { $0.state == .ready } }
        #expect(!board.history.contains { $0.worker == "w3" && $0.queue == "slow.1" })
        let model = try #require(third.report.models.first { $0.queue == "slow.1" })
        #expect(model.condition == .failed)
        #expect(model.reason?.contains("2 workers died while loading or warming it, the last was w2") == true)
        slow.open()
        third.drain()
        try await thirdRun.value
        for run in [firstRun, secondRun] {
            run.cancel()
            _ = await run.result
        }
    }

    @Test(
        "one worker at a time tries a model that workers died with; when it dies too, the others leave it and serve on")
    func oneTries() async throws {
        let board = ModelLoadBoard()
        let name = try makeQueueName("slow")
        let files = Mutex("v1")
        try await board.put(
            ServingFault(
                .deaths, pool: "cpu", queue: name.description, reason: "2 workers died", since: .zero,
                until: .zero + .seconds(600), stamp: "v1", worker: "w0"))
        slow.close()
        let workers = ["w1", "w2"].map { id in
            let queue = RecordingQueue()
            let service = makeService(
                id: id, queue: queue, models: ["slow", "m"], load: load, loads: board,
                stamp: { files.withLock { $0 } })
            return (service: service, queue: queue, run: Task { try await service.run() })
        }
        for worker in workers {
            await worker.queue.wait {
                $0.reports.contains { $0.state == .ready && self.state(of: "slow", in: $0) == .failed }
            }
        }
        #expect(board.history.allSatisfy { $0.queue == "m.1" })
        files.withLock { $0 = "v2" }
        board.nudge()
        try await board.wait { $0.contains { $0.queue == "slow.1" } }
        let first = try #require(board.history.last { $0.queue == "slow.1" })
        // More than one look of the other.
        for _ in 0..<3 {
            let before = board.refusedTurns
            board.nudge()
            try await eventually("the other's look") { board.refusedTurns > before }
        }
        #expect(board.history.filter { $0.queue == "slow.1" } == [first])
        board.kill(first.worker)
        board.nudge()
        try await eventually("the death") { board.all.all.first(where: { $0.stamp == "v2" })?.kind == .deaths }
        for _ in 0..<3 {
            let before = board.readings
            board.nudge()
            try await eventually("the other's look") { board.readings > before }
        }
        #expect(board.history.filter { $0.queue == "slow.1" } == [first])
        // Once it is mended for good, each serves it, one after the other.
        try await board.endTurn(name, in: "cpu", at: first.worker)
        files.withLock { $0 = "v3" }
        slow.open()
        board.nudge()
        for worker in workers {
            await worker.queue.wait { $0.reports.contains { self.state(of: "slow", in: $0) == .loaded } }
            worker.service.drain()
            try await worker.run.value
        }
        #expect(board.all.all.isEmpty)
    }

    @Test("a slip in the samples costs the proof, and not the model")
    func unreadableSamples() async throws {
        let backend = TestBackend(rows: .unproven(.none), samplesProblem: "the samples s.json are no JSON object")
        let joining = try await joiningWhenReady(backend)
        #expect(joining?.joinsRows == false)
        #expect(joining?.reason.contains("the samples s.json are no JSON object") == true, "\(joining?.reason ?? "")")
    }
}

@Suite struct RunBoundTests {
    @Test("a run may take what its model says, else the longest of ten minutes and twenty times what is known of it")
    func bounds() {
        let plain = RunBound(ModelSettings(name: "m"), least: .seconds(600))
        #expect(plain.bound(expected: nil) == .seconds(600))
        #expect(plain.bound(expected: .seconds(75)) == .seconds(1_500))
        let given = RunBound(ModelSettings(name: "m", runTimeout: .seconds(5)), least: .seconds(600))
        #expect(given.bound(expected: .seconds(75)) == .seconds(5))
        let declared = ModelSettings(
            name: "m", backend: .synthetic(SyntheticOptions(fixedCost: .seconds(90), costPerRow: .seconds(1))),
            batching: BatchingSettings(maximumRows: 10))
        #expect(RunBound(declared, least: .seconds(600)).bound(expected: nil) == .seconds(2_000))
    }

    @Test("loading may take 15 minutes, or three times what the model declares, unless its file says")
    func loads() {
        #expect(ModelSettings(name: "m").loadBound() == .seconds(900))
        let slow = SyntheticOptions(fixedCost: .zero, costPerRow: .zero, startUp: .seconds(1_000))
        #expect(ModelSettings(name: "m", backend: .synthetic(slow)).loadBound() == .seconds(3_000))
        #expect(ModelSettings(name: "m", loadTimeout: .seconds(3)).loadBound() == .seconds(3))
    }
}
