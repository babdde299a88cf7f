import Clusters
import Jobs
import Logging
import Observability
import Operations
import Scaler
import ScalerCore
import ServiceLifecycle
import Settings
import Synchronization
import Testing
import Time

@Suite(.timeLimit(.minutes(1))) struct ScalerServiceTests {
    @Test("a submit on an idle pool starts a worker with no interval in the way")
    func wakesAtOnce() async throws {
        let fixture = try Fixture()
        let service = Task { try await fixture.scaler.run() }
        // Both loops sleep: nothing but the wake-up can start the worker, for this clock does not move.
        var orders = fixture.driver.orders.makeAsyncIterator()
        var watched = fixture.queue.watched.makeAsyncIterator()
        _ = await watched.next()
        await fixture.clock.waitForSleepers(2)
        fixture.queue.submit(to: fixture.model)
        #expect(await orders.next() == .start("cpu-1"))
        service.cancel()
        try await service.value
    }

    @Test("a worker that dies is reaped at once, and replaced at the next look while there is work")
    func reapsAndReplaces() async throws {
        let fixture = try Fixture(maximum: 1)
        fixture.queue.set(fixture.model, waiting: 50)
        await fixture.look()
        fixture.queue.set(fixture.report("cpu-1", held: 8))
        await fixture.look()
        await fixture.scaler.note(.exited(worker: "cpu-1", pool: "cpu", reason: "signal 9", isFailure: true))
        var reaped = fixture.queue.reaped.makeAsyncIterator()
        #expect(await reaped.next() == "cpu-1")
        await fixture.look()
        #expect(fixture.driver.given == [.start("cpu-1"), .start("cpu-2")])
    }

    @Test("a worker that dies of its first jobs before it was seen ready is no failed start")
    func poisonIsNoFailedStart() async throws {
        let fixture = try Fixture(maximum: 1)
        fixture.queue.set(fixture.model, waiting: 50)
        for number in 1...8 {
            await fixture.look()
            #expect(fixture.driver.given.last == .start("cpu-\(number)"), "nothing holds the next start back")
            // Reaped with jobs in its hands; its report was never read.
            fixture.queue.set(fixture.report("cpu-\(number)", held: 1))
            await fixture.scaler.note(
                .exited(worker: "cpu-\(number)", pool: "cpu", reason: "signal 8", isFailure: true))
        }
    }

    @Test("a burst starts all workers in one look, and the next look none")
    func countsStarting() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 1_000)
        await fixture.look()
        #expect(fixture.driver.given.count == 4)
        await fixture.look()
        #expect(fixture.driver.given.count == 4)
    }

    @Test("scale-in drains the workers that are idle for longest, and no busy one")
    func drainsIdle() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 1_000)
        await fixture.look()
        fixture.queue.set(
            fixture.report("cpu-1", held: 4), fixture.report("cpu-2", held: 4), fixture.report("cpu-3", held: 4),
            fixture.report("cpu-4", held: 4))
        fixture.queue.set(fixture.model, inFlight: 16)
        await fixture.look()
        // cpu-3 is done first, then cpu-1; the others go on.
        fixture.queue.set(fixture.report("cpu-3", settled: 4))
        await fixture.look(after: .seconds(1))
        fixture.queue.set(fixture.report("cpu-1", settled: 4))
        fixture.queue.set(fixture.model, inFlight: 8)
        for _ in 0..<80 { await fixture.look() }
        let drained = fixture.driver.given.dropFirst(4)
        #expect(Array(drained) == [.drain("cpu-3"), .drain("cpu-1")])
    }

    @Test("while the queue is away nothing is drained; when it is back the pool ends as usual")
    func holdsWhileAway() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 1)
        await fixture.look()
        fixture.queue.set(fixture.report("cpu-1"))
        fixture.queue.set(fixture.model)
        await fixture.look()
        fixture.queue.state.withLock { $0.isAway = true }
        for _ in 0..<200 { await fixture.look() }
        #expect(fixture.driver.given == [.start("cpu-1")])
        #expect(await fixture.scaler.status().pools.first?.reason?.contains("missing or old") == true)
        fixture.queue.state.withLock { $0.isAway = false }
        for _ in 0..<60 { await fixture.look() }
        #expect(fixture.driver.given == [.start("cpu-1"), .drain("cpu-1")])
    }

    @Test("what could not be given back while the queue was away is given back later")
    func reapsLater() async throws {
        let fixture = try Fixture()
        fixture.queue.set(fixture.model, waiting: 1)
        await fixture.look()
        fixture.queue.state.withLock { $0.isAway = true }
        await fixture.scaler.note(.exited(worker: "cpu-1", pool: "cpu", reason: "signal 9", isFailure: true))
        fixture.queue.state.withLock { $0.isAway = false }
        await fixture.scaler.reapExpired()
        var reaped = fixture.queue.reaped.makeAsyncIterator()
        #expect(await reaped.next() == "cpu-1")
    }

    @Test("starts that fail back off, and say so")
    func backsOff() async throws {
        let fixture = try Fixture()
        fixture.driver.state.withLock { $0.startFails = true }
        fixture.queue.set(fixture.model, waiting: 1_000)
        for _ in 0..<12 { await fixture.look() }
        // At 0.25, 1.5 and 3.75 s; the last is outside of the 3 s.
        #expect(fixture.driver.state.withLock { $0.started } == 2)
        let status = await fixture.scaler.status()
        #expect(status.pools.first?.starts_failed == 2)
        #expect(status.pools.first?.reason?.contains("starts failed") == true)
    }

    @Test("a dry run decides and records, and does nothing")
    func dryRun() async throws {
        let fixture = try Fixture(isDryRun: true)
        fixture.queue.set(fixture.model, waiting: 1_000)
        for _ in 0..<80 { await fixture.look() }
        #expect(fixture.driver.given.isEmpty)
        #expect(fixture.store.decisions.count == 1, "said once")
        #expect(fixture.store.decisions.first?.contains("\"dry_run\":true") == true)
        #expect(fixture.logs.all.filter { $0.contains("Dry run, not done: 4 workers wanted") }.count == 1)
        let counted = try await fixture.store.arrivals(at: fixture.model, from: .zero, minutes: 30)
        #expect(counted.contains { $0 != nil }, "nobody else counts")
    }

    @Test("a dry run beside a scaler that leads writes nothing, kills nothing and drains nothing at its end")
    func dryRunBesideALeader() async throws {
        let fixture = try Fixture(isDryRun: true)
        fixture.store.state.withLock { state in
            state.isLed = true
            state.entries = [ControlEntry(.pause, "cpu", set: .zero, until: .zero + .seconds(1))]
        }
        fixture.queue.set(fixture.model, waiting: 1_000)
        fixture.queue.set(fixture.report("theirs", state: .starting))
        for _ in 0..<400 { await fixture.look(after: .seconds(1)) }
        await fixture.scaler.drainAll()
        #expect(fixture.driver.given.isEmpty)
        #expect(fixture.store.decisions.isEmpty)
        #expect(fixture.store.state.withLock { $0.entries.count } == 1)
        #expect(fixture.store.state.withLock { $0.arrivals.isEmpty && $0.usage.isEmpty })
        #expect(fixture.logs.all.contains { $0.contains("Dry run, not done: 4 workers wanted") })
    }

    @Test("a pool of somebody else's workers is observed: it is said how many are wanted")
    func external() async throws {
        let fixture = try Fixture(driver: .external)
        fixture.queue.set(fixture.model, waiting: 1_000)
        fixture.queue.set(fixture.report("theirs", held: 8))
        await fixture.look()
        #expect(fixture.driver.given.isEmpty)
        let pool = try #require(await fixture.scaler.status().pools.first)
        #expect(pool.busy == 1)
        #expect(pool.wanted == 4)
    }

    @Test("a pool without its device starts nothing, and says why")
    func unavailable() async throws {
        let fixture = try Fixture(minimum: 1)
        fixture.driver.state.withLock { $0.unavailable = "no GPU on this machine" }
        fixture.queue.set(fixture.model, waiting: 3)
        await fixture.look()
        #expect(fixture.driver.given.isEmpty)
        let status = await fixture.scaler.status()
        #expect(status.unserved == ["m.1"])
        #expect(status.pools.first?.unavailable == "no GPU on this machine")
    }

    @Test("a worker that takes far too long to start is killed")
    func killsHungStart() async throws {
        let fixture = try Fixture(maximum: 1)
        fixture.queue.set(fixture.model, waiting: 1)
        await fixture.look()
        await fixture.look(after: .seconds(121))
        #expect(fixture.driver.given == [.start("cpu-1"), .kill("cpu-1")])
    }

    @Test("a worker may take as long as its models take one after the other, as they do after a death")
    func loadLimit() async throws {
        let fixture = try Fixture(maximum: 1, models: ["m", "n"])
        let each = ModelSettings(name: "m").loadBound()
        fixture.queue.set(fixture.model, waiting: 1)
        await fixture.look()
        fixture.queue.set(fixture.report("cpu-1", state: .starting, model: .loading))
        await fixture.look()
        await fixture.look(after: each + .seconds(180))
        #expect(fixture.driver.given == [.start("cpu-1")])
        await fixture.look(after: each)
        #expect(fixture.driver.given == [.start("cpu-1"), .kill("cpu-1")])
    }

    @Test("graceful shutdown drains every worker, waits for their ends and returns")
    func shutsDown() async throws {
        let fixture = try Fixture(minimum: 2)
        try await runUntilStarted(fixture, workers: 2) { _ in }
        #expect(Set(fixture.driver.given.suffix(2)) == [.drain("cpu-1"), .drain("cpu-2")])
    }

    @Test("workers that do not leave are killed when the drain time-out and 5 s are over")
    func killsAfterDrain() async throws {
        let fixture = try Fixture(minimum: 1)
        fixture.driver.state.withLock { $0.leavesAtOnce = false }
        try await runUntilStarted(fixture, workers: 1) { fixture in
            await fixture.clock.passSleep(ofAtLeast: .seconds(35))
        }
        #expect(fixture.driver.given == [.start("cpu-1"), .drain("cpu-1"), .kill("cpu-1")])
    }

    /// Runs the service in a group until that many workers are ordered, shuts it down, does `during`, awaits its end.
    private func runUntilStarted(
        _ fixture: Fixture, workers: Int, during: @Sendable @escaping (Fixture) async -> Void
    ) async throws {
        let group = ServiceGroup(
            services: [fixture.scaler], gracefulShutdownSignals: [],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var orders = fixture.driver.orders.makeAsyncIterator()
            for _ in 0..<workers { _ = await orders.next() }
            await group.triggerGracefulShutdown()
            await during(fixture)
            try await tasks.waitForAll()
        }
    }
}
