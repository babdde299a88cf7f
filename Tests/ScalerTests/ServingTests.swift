import Jobs
import Scaler
import Settings
import Synchronization
import TestSupport
import Testing
import Time

/// Models that no worker can load, and pools that can have none.
@Suite struct ServingTests {
    private func fault(_ fixture: Fixture, for duration: Duration = .seconds(15)) -> ServingFault {
        let now = fixture.time.now()
        return ServingFault(
            .load, pool: "cpu", queue: fixture.model.description, reason: "an operator is missing", since: now,
            until: now + duration)
    }

    /// The one worker that is started for ten jobs.
    private func startOne(_ fixture: Fixture) async throws -> String {
        fixture.queue.set(fixture.model, waiting: 10)
        await fixture.look()
        guard case .start(let worker)? = fixture.driver.given.first else {
            throw Missing(what: "a start")
        }
        return worker
    }

    private struct Missing: Error { var what: String }

    @Test("no worker is started for jobs of a model that the pool cannot load, until it is to be tried again")
    func startsNobody() async throws {
        let fixture = try Fixture()
        try await fixture.board.put(fault(fixture))
        fixture.queue.set(fixture.model, waiting: 3_000)
        for _ in 0..<4 { await fixture.look() }
        #expect(fixture.driver.given.isEmpty)
        await fixture.look(after: .seconds(15))
        #expect(!fixture.driver.given.isEmpty, "its time has come")
    }

    @Test("a worker that is idle since its model failed is let go, whatever waits for it")
    func paysForNobody() async throws {
        let fixture = try Fixture()
        let worker = try await startOne(fixture)
        fixture.queue.set(fixture.report(worker, model: .failed))
        await fixture.look()
        try await fixture.board.put(fault(fixture, for: .seconds(3_600)))
        for _ in 0..<40 { await fixture.look(after: .seconds(10)) }
        #expect(fixture.driver.given.contains(.drain(worker)))
    }

    @Test("a worker that serves the model is kept, whoever else could not load it")
    func keepsWhoServes() async throws {
        let fixture = try Fixture()
        let worker = try await startOne(fixture)
        fixture.queue.set(fixture.report(worker))
        await fixture.look()
        try await fixture.board.put(fault(fixture, for: .seconds(3_600)))
        for _ in 0..<40 { await fixture.look(after: .seconds(10)) }
        #expect(!fixture.driver.given.contains(.drain(worker)))
    }

    @Test("a model is refused only while no worker of its pools serves it")
    func refusal() throws {
        let queue = try #require(QueueName(model: "m", version: "1"))
        let until = Timestamp.zero + .seconds(60)
        let failed = ServingFault(.load, pool: "a", queue: queue.description, reason: "x", since: .zero, until: until)
        let off = ServingFault(.pool, pool: "b", queue: nil, reason: "y", since: .zero, until: until)
        let faults = ServingFaults([failed, off])
        #expect(faults.refusal(of: queue, pools: ["a", "b"], at: .zero)?.reason == "pool a: x; pool b: y")
        #expect(faults.refusal(of: queue, pools: ["a", "b"], serving: ["a"], at: .zero) == nil)
        #expect(
            faults.refusal(of: queue, pools: ["b"], serving: ["b"], at: .zero)?.reason == "y", "it is being emptied")
        #expect(faults.unable(toServe: queue, of: ["a", "b"], serving: ["a"], at: .zero) == ["b"])
        let draining = WorkerReport(
            id: "w", pool: "a", state: .draining, started: .zero,
            models: [.init(queue: queue.description, instances: 1, state: .loaded)])
        #expect(!draining.serves(queue), "it takes no more")
    }

    @Test("a reload, or other files, take the fault off at once")
    func triesAgain() async throws {
        let files = Mutex("v1")
        let fixture = try Fixture(stamp: { _ in files.withLock { $0 } })
        await fixture.look()
        try await fixture.board.put(fault(fixture, for: .seconds(3_600)))
        for _ in 0..<3 { await fixture.scaler.lookAtFailedModels() }
        #expect(!fixture.board.all.all.isEmpty)
        files.withLock { $0 = "v2" }
        await fixture.scaler.lookAtFailedModels()
        #expect(fixture.board.all.all.isEmpty)
        #expect(fixture.logs.all.contains("notice A model that could not be served is tried again its files changed"))

        try await fixture.board.put(fault(fixture, for: .seconds(3_600)))
        await fixture.scaler.reloadNow()
        #expect(fixture.board.all.all.isEmpty)
    }

    @Test("a worker that a long run holds up does not count for what waits, and the maximum holds all the same")
    func heldUp() async throws {
        for maximum in [1, 2] {
            let fixture = try Fixture(maximum: maximum)
            fixture.queue.set(fixture.model, waiting: 1)
            await fixture.look()
            guard case .start(let worker)? = fixture.driver.given.first else {
                Issue.record("nothing was started")
                return
            }
            var report = fixture.report(worker, held: 1)
            fixture.queue.set(report)
            for _ in 0..<20 { await fixture.look(after: .seconds(1)) }
            #expect(fixture.driver.given.count == 1, "it will come to what waits")
            report.models[0].isHeldUp = true
            fixture.queue.set(report)
            for _ in 0..<20 { await fixture.look(after: .milliseconds(250)) }
            #expect(fixture.driver.given.count == maximum)
        }
    }

    @Test("a pool that is switched off says so for as long as it is")
    func switchedOff() async throws {
        let fixture = try Fixture(maximum: 0)
        await fixture.look()
        let now = fixture.time.now()
        let said = try #require(fixture.board.all.fault(of: fixture.model, in: "cpu", at: now))
        #expect(said.queue == nil && said.reason == "the pool 'cpu' is switched off (maximum_workers: 0)")
        for _ in 0..<20 { await fixture.look(after: .seconds(30)) }
        #expect(fixture.board.all.fault(of: fixture.model, in: "cpu", at: fixture.time.now()) != nil)
        var settings = ClusterSettings(models: [ModelSettings(name: "m")])
        settings.pools = [PoolSettings(name: "cpu", maximumWorkers: 1)]
        await fixture.scaler.apply(settings)
        await fixture.look()
        #expect(fixture.board.all.all.isEmpty)
    }
}
