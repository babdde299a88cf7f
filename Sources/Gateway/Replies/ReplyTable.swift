import Jobs
import Synchronization

/// The calls that wait at this gateway for an outcome, by token.
///
/// A token is given out before the job is submitted, so an outcome that overtakes the reply to the submit is
/// kept for its caller. Every wait has a deadline, kept in a wheel of `tick` wide slots: a wait ends at
/// most one tick late, and a wait costs no timer of its own.
final class ReplyTable: Sendable {
    enum Answer: Sendable {
        case outcome(Outcome)
        case timedOut
        /// The client went away.
        case disconnected
    }

    private struct Entry {
        var continuation: CheckedContinuation<Answer, Never>?
        var early: Answer?
    }

    private struct State {
        var lastToken: UInt64 = 0
        var waiting: [UInt64: Entry] = [:]
        /// Tokens whose caller left, mapped to how long the outcome is to be kept.
        var abandoned: [UInt64: Duration] = [:]
        var wheel: [Int64: [UInt64]] = [:]
        var turned: Int64 = 0
    }

    private static let tick: Duration = .milliseconds(25)
    /// Bound of `abandoned`; above it the caller's outcome keeps its short retention.
    private static let maximumAbandoned = 100_000

    private let state = Mutex(State())
    private let origin = ContinuousClock.now

    init() {}

    /// The number of calls that wait.
    var count: Int { state.withLock { $0.waiting.count } }

    /// A fresh token. Must be given to `answer` or `forget`.
    func makeToken() -> UInt64 {
        state.withLock { state in
            state.lastToken += 1
            state.waiting[state.lastToken] = Entry()
            return state.lastToken
        }
    }

    func forget(_ token: UInt64) {
        state.withLock { _ = $0.waiting.removeValue(forKey: token) }
    }

    /// Waits for the outcome addressed to `token`, at most `limit`.
    func answer(to token: UInt64, within limit: Duration) async -> Answer {
        let slot = tickIndex(after: limit)
        return await withCheckedContinuation { continuation in
            let early: Answer? = state.withLock { state in
                guard let entry = state.waiting[token] else { return .timedOut }
                if let early = entry.early {
                    state.waiting[token] = nil
                    return early
                }
                state.waiting[token] = Entry(continuation: continuation)
                state.wheel[slot, default: []].append(token)
                return nil
            }
            if let early { continuation.resume(returning: early) }
        }
    }

    /// Hands an outcome to its caller.
    /// - Returns: how long the outcome is to be kept, when its caller stopped waiting for it.
    func deliver(_ outcome: Outcome) -> Duration? {
        guard let token = outcome.replyTo?.token else { return nil }
        return resolve(token, with: .outcome(outcome))
    }

    func disconnect(_ token: UInt64) {
        _ = resolve(token, with: .disconnected)
    }

    /// The caller left with the job's id; when its outcome comes it is to be kept for `retention`.
    func abandon(_ token: UInt64, keeping retention: Duration) {
        state.withLock { state in
            if state.abandoned.count < Self.maximumAbandoned { state.abandoned[token] = retention }
        }
    }

    /// Turns the wheel until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            // Only cancellation throws, and the loop's condition sees it.
            try? await Task.sleep(for: Self.tick)
            let now = tickIndex(after: .zero)
            let due: [UInt64] = state.withLock { state in
                var due: [UInt64] = []
                while state.turned < now {
                    state.turned += 1
                    due.append(contentsOf: state.wheel.removeValue(forKey: state.turned) ?? [])
                }
                return due
            }
            for token in due { _ = resolve(token, with: .timedOut) }
        }
    }

    private func resolve(_ token: UInt64, with answer: Answer) -> Duration? {
        let (continuation, retention): (CheckedContinuation<Answer, Never>?, Duration?) = state.withLock { state in
            guard let entry = state.waiting[token] else {
                if case .outcome = answer { return (nil, state.abandoned.removeValue(forKey: token)) }
                return (nil, nil)
            }
            if entry.continuation == nil {
                state.waiting[token] = Entry(early: entry.early ?? answer)
                return (nil, nil)
            }
            state.waiting[token] = nil
            return (entry.continuation, nil)
        }
        continuation?.resume(returning: answer)
        return retention
    }

    private func tickIndex(after delay: Duration) -> Int64 {
        let elapsed = ContinuousClock.now - origin + max(delay, .zero)
        let ticks = elapsed / Self.tick
        return ticks >= 9e15 ? .max : Int64(ticks) + (delay > .zero ? 1 : 0)
    }
}
