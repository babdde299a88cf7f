import Jobs
import Operations
import Scaler
import Scaling
import Settings
import Synchronization
import Testing
import Time

@Suite struct ControlRequestTests {
    let now = Timestamp(microseconds: 1_000_000_000)
    let cluster = ControlRequest.Cluster(pools: ["cpu": 4, "gpu": 1], workers: ["cpu-1": "cpu"])

    @Test("a request becomes an entry with its end")
    func entries() throws {
        let override = ControlRequest(.override(pool: "cpu", workers: 3), for: .seconds(600), note: "sale")
        #expect(
            try override.entry(at: now, in: cluster)
                == ControlEntry(.override, "cpu", count: 3, set: now, until: now + .seconds(600), note: "sale"))
        let pause = ControlRequest(.pause(pool: nil))
        #expect(try pause.entry(at: now, in: cluster) == ControlEntry(.pause, "*", set: now))
        let protect = ControlRequest(.protect(worker: "cpu-1"))
        #expect(try protect.entry(at: now, in: cluster)?.until == now + .seconds(3_600))
    }

    @Test(
        "what is wrong with a request is said, and what is allowed",
        arguments: [
            (
                ControlRequest(.override(pool: "cp", workers: 1)),
                "there is no pool 'cp'; the cluster file has: cpu, gpu"
            ),
            (
                ControlRequest(.override(pool: "cpu", workers: 5)),
                "pool cpu may have 0 to 4 workers; 5 cannot be set by hand"
            ),
            (
                ControlRequest(.override(pool: "cpu", workers: -1)),
                "pool cpu may have 0 to 4 workers; -1 cannot be set by hand"
            ),
            (ControlRequest(.leave(worker: "cpu-9")), "no worker 'cpu-9' reports; there are: cpu-1"),
            (ControlRequest(.pause(pool: nil), for: .seconds(-1)), "the time must be above 0 and at most 30 days"),
            (ControlRequest(.pause(pool: "x")), "there is no pool 'x'; the cluster file has: cpu, gpu"),
        ])
    func refusals(request: ControlRequest, message: String) {
        #expect {
            try request.entry(at: now, in: cluster)
        } throws: {
            ($0 as? ControlError)?.message == message
        }
    }

    @Test("an entry counts until its end and not after")
    func ends() {
        let state = ControlState([
            ControlEntry(.pause, "*", set: now, until: now + .seconds(1)), ControlEntry(.protect, "cpu-1", set: now),
        ])
        #expect(state.pause(of: "gpu", at: now) != nil)
        #expect(state.pause(of: "gpu", at: now + .seconds(1)) == nil)
        #expect(state.workers(.protect, at: now + .seconds(9_999)) == ["cpu-1"])
    }
}

@Suite(.timeLimit(.minutes(1))) struct ControlTests {
    /// `count` ready and idle workers.
    private func ready(_ count: Int, _ fixture: Fixture) async {
        fixture.queue.set(fixture.model, waiting: 1_000)
        await fixture.look()
        for number in 1...count { fixture.queue.set(fixture.report("cpu-\(number)")) }
        fixture.queue.set(fixture.model)
        await fixture.look()
    }

    @Test("a worker with a spot notice drains at once, though it is busy, and is replaced in the same look")
    func leaves() async throws {
        let fixture = try Fixture(maximum: 2)
        fixture.driver.state.withLock { $0.leavesAtOnce = false }
        await ready(2, fixture)
        fixture.queue.set(fixture.report("cpu-1", held: 4), fixture.report("cpu-2", held: 4))
        fixture.queue.set(fixture.model, waiting: 1_000)
        await fixture.look()
        try await fixture.store.set(ControlEntry(.leave, "cpu-1", set: fixture.time.now()))
        await fixture.look()
        #expect(Array(fixture.driver.given.dropFirst(2)) == [.drain("cpu-1"), .start("cpu-3")])
        await fixture.look()
        #expect(fixture.driver.given.count == 4, "once")
    }

    @Test("a worker that drains by a signal from outside is replaced, and counts as taken away")
    func signalledFromOutside() async throws {
        let fixture = try Fixture(maximum: 2)
        await ready(2, fixture)
        fixture.queue.set(fixture.report("cpu-1", state: .draining, held: 4), fixture.report("cpu-2", held: 4))
        fixture.queue.set(fixture.model, waiting: 1_000)
        await fixture.look()
        #expect(fixture.driver.given.last == .start("cpu-3"))
    }

    @Test("a protected worker is not scaled in until its protection ends; the others are")
    func protects() async throws {
        let fixture = try Fixture(maximum: 2)
        await ready(2, fixture)
        let end = fixture.time.now() + .seconds(120)
        try await fixture.store.set(ControlEntry(.protect, "cpu-1", set: fixture.time.now(), until: end))
        while fixture.time.now() + .seconds(1) < end { await fixture.look() }
        #expect(Array(fixture.driver.given.dropFirst(2)) == [.drain("cpu-2")])
        for _ in 0..<80 { await fixture.look() }
        #expect(fixture.driver.given.last == .drain("cpu-1"))
        #expect(fixture.store.state.withLock { $0.entries }.isEmpty, "what has expired is removed")
        #expect(fixture.logs.all.contains { $0.hasPrefix("notice Expired protect cpu-1") })
    }

    @Test("an override gives exactly its count until it expires; then the policy decides again")
    func overrides() async throws {
        let fixture = try Fixture(maximum: 4)
        let now = fixture.time.now()
        try await fixture.store.set(
            ControlEntry(.override, "cpu", count: 3, set: now, until: now + .seconds(30), note: "sale"))
        await fixture.look()
        #expect(fixture.driver.given == [.start("cpu-1"), .start("cpu-2"), .start("cpu-3")])
        for number in 1...3 { fixture.queue.set(fixture.report("cpu-\(number)")) }
        for _ in 0..<100 { await fixture.look() }
        #expect(fixture.driver.given.count == 3, "held")
        #expect(await fixture.scaler.status().pools.first?.reason?.contains("sale") == true)
        for _ in 0..<200 { await fixture.look() }
        #expect(fixture.driver.given.count == 6, "drained as the policy says")
    }

    @Test("a paused pool starts and drains nothing, says what it would do, and goes on when it is resumed")
    func pauses() async throws {
        let fixture = try Fixture(maximum: 2)
        try await fixture.store.set(ControlEntry(.pause, ControlEntry.everything, set: fixture.time.now()))
        fixture.queue.set(fixture.model, waiting: 1_000)
        for _ in 0..<8 { await fixture.look() }
        #expect(fixture.driver.given.isEmpty)
        #expect(await fixture.scaler.status().pools.first?.reason?.contains("pause") == true)
        _ = try await fixture.store.clear(.pause, ControlEntry.everything)
        for _ in 0..<2 { await fixture.look() }
        #expect(fixture.driver.given.count == 2)
    }

    @Test("what was set holds while the store cannot be read")
    func holdsWhileStoreIsAway() async throws {
        let fixture = try Fixture(maximum: 1)
        await ready(1, fixture)
        try await fixture.store.set(ControlEntry(.protect, "cpu-1", set: fixture.time.now()))
        await fixture.look()
        fixture.store.state.withLock { $0.isAway = true }
        for _ in 0..<200 { await fixture.look() }
        #expect(fixture.driver.given == [.start("cpu-1")])
    }
}
