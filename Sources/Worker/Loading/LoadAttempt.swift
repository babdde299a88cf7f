import Inference
import Jobs
import Settings
import Synchronization
import Time
import Clocks

/// One load of one model, on threads outside the cooperative pool. It cannot be ended: whoever waits for it can.
final class LoadAttempt: Sendable {
    let stamp: String
    let isAlone: Bool
    let began: Timestamp
    private let state = Mutex<State>(State())
    private let ended = Signal()

    private struct State {
        var result: Result<LoadedModel, any Error>?
        var isOverdue = false
        var isNoted = false
        var isOver = false
    }

    /// Begins the load.
    /// - Parameter onEnd: called once, when it has ended, from any thread.
    init(
        _ settings: ModelSettings, with load: @escaping ModelLoader, stamp: String, isAlone: Bool, at now: Timestamp,
        onEnd: @escaping @Sendable (LoadAttempt) -> Void
    ) {
        self.stamp = stamp
        self.isAlone = isAlone
        began = now
        // Unstructured: a load that hangs inside a backend cannot be ended, and whoever waited for it would hang too.
        // The process ends without it.
        Task {
            let result: Result<LoadedModel, any Error>
            do { result = .success(try await LoadedModel.load(settings, with: load)) } catch {
                result = .failure(error)
            }
            state.withLock { $0.result = result }
            ended.raise()
            onEnd(self)
        }
    }

    /// How it ended; `nil`: not yet, and `limit` or the task is over. One task may wait at a time.
    func result(within limit: Duration?, clock: any Clock<Duration>) async -> Result<LoadedModel, any Error>? {
        if let result = state.withLock({ $0.result }) { return result }
        if let limit { await ended.wait(atMost: limit, clock: clock) } else { await ended.wait() }
        return state.withLock { $0.result }
    }

    /// Whether it was known already that it takes too long.
    func noteOverdue() -> Bool {
        state.withLock { state in
            defer { state.isOverdue = true }
            return state.isOverdue
        }
    }

    var isOverdue: Bool { state.withLock { $0.isOverdue } }

    /// Once only, when it has ended or takes too long: whether it counted as under way before.
    func noteOver() -> Bool {
        state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
    }

    /// Whether its result was noted before.
    func noteResult() -> Bool {
        state.withLock { state in
            defer { state.isNoted = true }
            return state.isNoted
        }
    }
}
