import Jobs
import Logging
import Synchronization
import Testing
import Time

@testable import Clusters

/// Epochs in memory, which can be lost as a Redis that was restarted empty loses them.
private final class Registry: TermRegistry {
    private struct State {
        var known: [String: Int64] = [:]
        var newest: Int64 = 0
        var isOvertaken = false
    }

    private let state = Mutex(State())

    func register(
        authority: String, term: Int64, holder: String, newestEpoch: Int64, own: Int64?
    ) async throws(QueueError) -> Int64? {
        state.withLock { state in
            if state.isOvertaken { return nil }
            let key = "\(authority) \(term) \(holder)"
            if let epoch = state.known[key] { return epoch }
            state.newest = max(state.newest, newestEpoch) + 1
            state.known[key] = state.newest
            return state.newest
        }
    }

    func newestEpoch() async throws(QueueError) -> Int64 { state.withLock { $0.newest } }

    func forget() { state.withLock { $0 = State() } }
    func overtake() { state.withLock { $0.isOvertaken = true } }
}

@Suite(
    "Leadership by a Lease", .kubernetes, .timeLimit(.minutes(1)),
    .enabled(if: KubernetesServer.problem == nil, Comment(rawValue: KubernetesServer.problem ?? "")))
struct KubernetesLeadershipTests {
    private struct Still: TimeSource {
        func now() -> Timestamp { .zero }
    }

    private func leadership(_ namespace: TestNamespace, _ registry: Registry) throws -> KubernetesLeadership {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let election = LeaseElection(
            client: try namespace.client(),
            configuration: LeaseConfiguration(
                identity: "one", duration: .seconds(2), renewDeadline: .seconds(1), retryPeriod: .milliseconds(50)),
            time: Still(), logger: logger)
        return KubernetesLeadership(
            election, registry: registry, time: Still(), clock: ContinuousClock(), logger: logger)
    }

    /// The first term that `isWanted`; `nil` stands for none.
    private func next(
        _ terms: AsyncStream<LeadershipTerm?>, _ isWanted: (LeadershipTerm?) -> Bool
    ) async -> LeadershipTerm? {
        for await term in terms where isWanted(term) { return term }
        return nil
    }

    @Test("holding the Lease is a term once the registry has given it an epoch; its end is the end of the term")
    func leads() async throws {
        let leadership = try leadership(try await TestNamespace(), Registry())
        let terms = leadership.terms()
        let run = Task { await leadership.run() }
        let term = try #require(await next(terms) { $0 != nil })
        #expect(term.epoch == 1 && term.holder == "one")
        #expect(term.ends > .zero && term.ends <= .zero + .seconds(2))
        run.cancel()
        await run.value
        #expect(leadership.term() == nil && leadership.remaining() == nil)
    }

    @Test("a registry that forgot the term gives it a greater epoch; one that knows a later term ends it")
    func forgotten() async throws {
        let registry = Registry()
        let leadership = try leadership(try await TestNamespace(), registry)
        let terms = leadership.terms()
        let run = Task { await leadership.run() }
        let first = try #require(await next(terms) { $0 != nil })
        registry.forget()
        let second = try #require(await next(terms) { ($0?.epoch ?? 0) > first.epoch })
        #expect(second.epoch == first.epoch + 1)
        registry.overtake()
        #expect(await next(terms) { $0 == nil } == nil)
        #expect(leadership.term() == nil)
        run.cancel()
        await run.value
    }
}
