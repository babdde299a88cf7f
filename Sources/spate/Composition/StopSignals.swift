import Glibc
import Synchronization
import UnixSignals

/// Ctrl-C, SIGTERM and a terminal that closes, for a command that has something to tell of what it did until then.
///
/// The first one cancels what is under way in `stoppable`; the second one ends the process at once.
final class StopSignals: Sendable {
    private struct State {
        var isStopped = false
        var cancel: (@Sendable () -> Void)?
    }

    private let words: String
    private let state = Mutex(State())

    private init(_ words: String) { self.words = words }

    /// - Parameter words: said at the first signal.
    static func watching<R>(_ words: String, _ body: (StopSignals) async throws -> R) async throws -> R {
        let signals = await UnixSignalsSequence(trapping: TerminalSignal.ending)
        let stop = StopSignals(words)
        // Unstructured: it waits for signals, which may never come, and `body` does not wait for it.
        let watch = Task {
            for await _ in signals { stop.note() }
        }
        defer { watch.cancel() }
        return try await body(stop)
    }

    /// Does `body` as a task that a signal cancels, also one that came before.
    func stoppable<R: Sendable>(_ body: @escaping @Sendable () async throws -> R) async throws -> R {
        // Unstructured: a signal cancels this, and not the task that waits for its result.
        let work = Task { try await body() }
        let isStopped = state.withLock { state in
            state.cancel = { work.cancel() }
            return state.isStopped
        }
        if isStopped { work.cancel() }
        return try await work.value
    }

    private func note() {
        let (isSecond, cancel) = state.withLock { state in
            defer { state.isStopped = true }
            return (state.isStopped, state.cancel)
        }
        if isSecond { _exit(130) }
        Terminal.error("\nspate: \(words)")
        cancel?()
    }
}
