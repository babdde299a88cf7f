package import Jobs
import Synchronization

/// What workers load and what cannot be served, in memory, for tests of roles. Workers live until the test ends them.
package final class ModelLoadBoard: LoadBoard {
    private struct State {
        var faults: [String: ServingFault] = [:]
        var loads: [String: LoadEntry] = [:]
        var deaths: [String: (all: Int, alone: Int)] = [:]
        var dead: Set<String> = []
        var turns: [String: String] = [:]
        var watchers: [@Sendable () -> Void] = []
        var history: [LoadEntry] = []
        var readings = 0
        var refusedTurns = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// The worker is gone, whatever it was loading.
    package func kill(_ worker: String) { state.withLock { _ = $0.dead.insert(worker) } }

    /// Every load that ever began, in order.
    package var history: [LoadEntry] { state.withLock { $0.history } }
    /// The loads under way.
    package var loading: [LoadEntry] { state.withLock { Array($0.loads.values) } }
    package var all: ServingFaults { state.withLock { ServingFaults(Array($0.faults.values)) } }

    /// How often somebody read the faults.
    package var readings: Int { state.withLock { $0.readings } }
    /// How often somebody asked for a turn that another has.
    package var refusedTurns: Int { state.withLock { $0.refusedTurns } }

    /// Lets everybody look who watches, as a change of anything does.
    package func nudge() { change { _ in } }

    package func faults() async throws(QueueError) -> ServingFaults {
        state.withLock { $0.readings += 1 }
        return all
    }

    package func put(_ fault: ServingFault) async throws(QueueError) {
        change { $0.faults[Self.key(fault.pool, fault.queue)] = fault }
    }

    package func clear(pool: String, queue: QueueName?) async throws(QueueError) {
        let key = Self.key(pool, queue?.description)
        change { state in
            state.faults[key] = nil
            state.deaths = state.deaths.filter { !$0.key.hasPrefix(key + " ") }
        }
    }

    package func begin(_ load: LoadEntry) async throws(QueueError) {
        state.withLock { state in
            state.loads["\(load.worker) \(load.queue)"] = load
            state.history.append(load)
        }
    }

    package func end(_ queue: QueueName, at worker: String) async throws(QueueError) {
        state.withLock { $0.loads["\(worker) \(queue)"] = nil }
    }

    package func takeTurn(
        _ queue: QueueName, in pool: String, at worker: String, for life: Duration
    ) async throws(QueueError) -> Bool {
        state.withLock { state in
            let key = Self.key(pool, queue.description)
            guard state.turns[key] == nil else {
                state.refusedTurns += 1
                return false
            }
            state.turns[key] = worker
            return true
        }
    }

    package func endTurn(_ queue: QueueName, in pool: String, at worker: String) async throws(QueueError) {
        change { state in
            let key = Self.key(pool, queue.description)
            if state.turns[key] == worker { state.turns[key] = nil }
        }
    }

    package func lost() async throws(QueueError) -> [LostLoad] {
        state.withLock { state in
            let lost = state.loads.filter { state.dead.contains($0.value.worker) }.sorted { $0.key < $1.key }
            return lost.map { key, load in
                state.loads[key] = nil
                let field = "\(Self.key(load.pool, load.queue)) \(load.stamp)"
                state.deaths[field, default: (0, 0)].all += 1
                if load.isAlone { state.deaths[field, default: (0, 0)].alone += 1 }
                let deaths = state.deaths[field] ?? (1, 0)
                return LostLoad(load: load, deaths: deaths.all, deathsAlone: deaths.alone)
            }
        }
    }

    /// Returns once that holds for the loads that ever began.
    package func wait(until isMet: ([LoadEntry]) -> Bool) async throws {
        try await eventually("the load that the test waits for") { isMet(history) }
    }

    package func watch(_ change: @escaping @Sendable () -> Void) async {
        state.withLock { $0.watchers.append(change) }
        change()
        let (never, _) = AsyncStream.makeStream(of: Void.self)
        for await _ in never {}
    }

    private func change(_ body: (inout sending State) -> Void) {
        let watchers = state.withLock { state in
            body(&state)
            return state.watchers
        }
        for watcher in watchers { watcher() }
    }

    private static func key(_ pool: String, _ queue: String?) -> String { "\(pool) \(queue ?? "*")" }
}
