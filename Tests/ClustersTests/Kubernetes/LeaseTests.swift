import Logging
import Synchronization
import TestSupport
import Testing
import Time

@testable import Clusters

@Suite(
    "The Lease", .kubernetes, .timeLimit(.minutes(1)),
    .enabled(if: KubernetesServer.problem == nil, Comment(rawValue: KubernetesServer.problem ?? "")))
struct LeaseElectionTests {
    private struct Epoch: TimeSource {
        func now() -> Timestamp { Timestamp(microseconds: 1_795_249_946_000_042) }
    }

    private func election(_ identity: String, _ namespace: TestNamespace) throws -> LeaseElection {
        LeaseElection(
            client: try namespace.client(),
            configuration: LeaseConfiguration(
                identity: identity, duration: .seconds(1), renewDeadline: .milliseconds(700),
                retryPeriod: .milliseconds(50)),
            time: Epoch(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func lease(_ namespace: TestNamespace) async throws -> LeaseObject {
        let path = "/apis/coordination.k8s.io/v1/namespaces/\(namespace.name)/leases/spate-scaler"
        return try #require(JSONBody.decode(LeaseObject.self, from: try await namespace.server.send(.get, path)))
    }

    /// The next tenure that is, or the next time without one.
    private func next(_ tenures: AsyncStream<LeaseTenure?>, leads: Bool) async -> LeaseTenure? {
        for await tenure in tenures where (tenure != nil) == leads { return tenure }
        return nil
    }

    @Test("the first to come leads; after its orderly end the other does, with one more transition")
    func takeover() async throws {
        let namespace = try await TestNamespace()
        let one = try election("one", namespace)
        let ones = one.tenures()
        let first = Task { await one.run() }
        let tenure = try #require(await next(ones, leads: true))
        #expect(tenure.transitions == 0)
        #expect(tenure.holder == "one")
        #expect(tenure.authority.hasPrefix("\(namespace.name)/spate-scaler/"))
        #expect(try await lease(namespace).spec?.renewTime == "2026-11-21T08:32:26.000042Z")

        let other = try election("other", namespace)
        let others = other.tenures()
        let second = Task { await other.run() }
        first.cancel()
        await first.value
        #expect(one.tenure() == nil)
        let next = try #require(await next(others, leads: true))
        #expect(next.transitions == 1)
        #expect(next.authority == tenure.authority)
        second.cancel()
        await second.value
        #expect(try await lease(namespace).spec?.holderIdentity == "")
    }

    @Test("a leader that can renew no more stops before another may lead")
    func renewDeadline() async throws {
        let namespace = try await TestNamespace()
        let one = try election("one", namespace)
        let tenures = one.tenures()
        let run = Task { await one.run() }
        _ = try #require(await next(tenures, leads: true))
        try await namespace.refuse("PATCH", "leases/spate-scaler", 500, count: 1_000)
        let began = ContinuousClock.now
        #expect(await next(tenures, leads: false) == nil)
        #expect(one.tenure() == nil)
        #expect(ContinuousClock.now - began < .seconds(10))
        run.cancel()
        await run.value
    }

    @Test("a connection that died silently costs one attempt, not the lease")
    func deadConnection() async throws {
        let namespace = try await TestNamespace()
        let one = LeaseElection(
            client: try namespace.client(),
            configuration: LeaseConfiguration(
                identity: "one", duration: .seconds(15), renewDeadline: .seconds(3), retryPeriod: .milliseconds(50)),
            time: Epoch(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let tenures = one.tenures()
        let run = Task { await one.run() }
        let first = try #require(await next(tenures, leads: true))
        let wasLost = Mutex(false)
        let watch = Task {
            for await tenure in tenures where tenure == nil { wasLost.withLock { $0 = true } }
        }
        try await namespace.delay("GET", "leases/spate-scaler", seconds: 40)
        // The GET that is not answered, and a renewal after it.
        func methods() async throws -> ArraySlice<String> { try await namespace.requests().map(\.method)[...] }
        let before = try await methods().count
        try await eventually("renewals") { try await methods().dropFirst(before).count(where: { $0 == "PATCH" }) >= 5 }
        #expect(!wasLost.withLock { $0 })
        #expect(one.tenure()?.isSame(as: first) == true)
        run.cancel()
        await run.value
        await watch.value
    }

    @Test("a lease that another wrote first is lost")
    func conflict() async throws {
        let namespace = try await TestNamespace()
        let one = try election("one", namespace)
        let tenures = one.tenures()
        let run = Task { await one.run() }
        _ = try #require(await next(tenures, leads: true))
        try await namespace.server.send(
            .patch, "/apis/coordination.k8s.io/v1/namespaces/\(namespace.name)/leases/spate-scaler",
            #"{"spec":{"holderIdentity":"thief","leaseTransitions":7}}"#, type: "application/merge-patch+json")
        #expect(await next(tenures, leads: false) == nil)
        // The thief never renews: after its lease is over the first takes it back, as a new term.
        #expect(await next(tenures, leads: true)?.transitions == 8)
        run.cancel()
        await run.value
    }
}

@Suite("The rules of the Lease")
struct LeaseMachineTests {
    private func machine() -> LeaseMachine {
        LeaseMachine(identity: "me", duration: .seconds(15), renewDeadline: .seconds(10))
    }
    private func record(_ holder: String, transitions: Int = 3, renewed: String = "a") -> LeaseRecord {
        LeaseRecord(
            holder: holder, durationSeconds: 15, acquireTime: nil, renewTime: renewed, transitions: transitions)
    }

    @Test("another's lease is waited for by own time, from when it was last seen to change")
    func waits() {
        var machine = machine()
        #expect(machine.see(record("you"), at: .seconds(0), stamp: "s") == .wait)
        #expect(machine.see(record("you", renewed: "b"), at: .seconds(10), stamp: "s") == .wait)
        #expect(machine.see(record("you", renewed: "b"), at: .seconds(24), stamp: "s") == .wait)
        guard case .replace(let taken) = machine.see(record("you", renewed: "b"), at: .seconds(25), stamp: "s") else {
            Issue.record("a lease that nobody renewed was not taken")
            return
        }
        #expect(taken.holder == "me")
        #expect(taken.transitions == 4)
        #expect(machine.current(at: .seconds(25)) == nil)
    }

    @Test("the holding counts from the beginning of the write that the server took")
    func holding() {
        var machine = machine()
        guard case .create(let record) = machine.see(nil, at: .seconds(1), stamp: "s") else {
            Issue.record("a lease that is not there was not created")
            return
        }
        #expect(machine.current(at: .seconds(1)) == nil)
        machine.noteWritten(record, begun: .seconds(1))
        #expect(machine.current(at: .seconds(10.9))?.transitions == 0)
        #expect(machine.current(at: .seconds(11)) == nil)
        // Renewing late is no new term: nobody else led.
        guard case .replace(let renewed) = machine.see(record, at: .seconds(12), stamp: "t") else {
            Issue.record("an own lease was not renewed")
            return
        }
        #expect(renewed.transitions == 0)
        machine.noteWritten(renewed, begun: .seconds(12))
        machine.noteConflict()
        #expect(machine.current(at: .seconds(12)) == nil)
    }

    @Test("a lease that was given back is taken at once, with one more transition")
    func released() {
        var machine = machine()
        guard case .replace(let taken) = machine.see(record("", transitions: 5), at: .zero, stamp: "s") else {
            Issue.record("a free lease was not taken")
            return
        }
        #expect(taken.transitions == 6)
        machine.noteWritten(taken, begun: .zero)
        #expect(machine.released(stamp: "z")?.holder == "")
        #expect(machine.released(stamp: "z")?.transitions == 6)
    }

    @Test("an absurd count of transitions does not trap")
    func absurd() {
        var machine = machine()
        guard case .replace(let taken) = machine.see(record("", transitions: .max), at: .zero, stamp: "s") else {
            Issue.record("a free lease was not taken")
            return
        }
        #expect(taken.transitions == .max)
    }
}
