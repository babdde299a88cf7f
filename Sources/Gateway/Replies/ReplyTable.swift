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
        /// As timed out; the stored outcomes cannot be asked.
        case released
        /// The outcome may have been lost before its job was known here: look among the stored ones, then wait on.
        case broken
        /// The client went away.
        case disconnected
    }

    /// Who was there for an outcome.
    enum Delivery: Sendable, Equatable {
        case caller
        /// The call timed out; the outcome is to be kept for so long.
        case left(Duration)
        /// Nobody waits, or waited for so long.
        case nobody
    }

    fileprivate struct Entry {
        var continuation: CheckedContinuation<Answer, Never>?
        var early: Answer?
        /// What it waits for, once that is known.
        var job: JobID?
        /// `breaks` when the token was made.
        var made: UInt64 = 0
        /// The tick at which the wait is over.
        var due: Int64 = .max
        /// What is left behind when the wait times out.
        var leaving: Abandoned?
    }

    /// A call whose caller left with the job's id.
    fileprivate struct Abandoned {
        /// How long its outcome is to be kept.
        var retention: Duration
        /// The tick at which its outcome is no longer expected.
        var due: Int64
    }

    fileprivate struct State {
        var lastToken: UInt64 = 0
        var waiting: [UInt64: Entry] = [:]
        var abandoned: [UInt64: Abandoned] = [:]
        /// Tokens to look at, by tick; at most `horizon` ahead, so that an answered call is forgotten soon.
        var wheel: [Int64: [UInt64]] = [:]
        var turned: Int64 = 0
        /// How often outcomes may have been lost on their way here.
        var breaks: UInt64 = 0
    }

    private static let tick: Duration = .milliseconds(25)
    /// Longest time that a token stays in one slot of the wheel: 60 s.
    private static let horizon: Int64 = 2_400
    /// An outcome that has not come by then was lost, or its job is waiting for very long: 6 h.
    private static let abandonedLife: Duration = .seconds(21_600)
    /// Bound of `abandoned`; above it the caller's outcome keeps its short retention.
    private static let maximumAbandoned = 100_000

    private let state = Mutex(State())
    private let origin = ContinuousClock.now

    init() {}

    /// The number of calls that wait.
    var count: Int { state.withLock { $0.waiting.count } }

    /// Outcomes may have been lost on their way here.
    /// - Returns: the jobs that are waited for, to be looked up. Those whose submit is still to be answered are not among them:
    ///   `answer` tells of the break then. O(n).
    func noteBreak() -> [JobID] {
        state.withLock { state in
            state.breaks += 1
            return state.waiting.values.compactMap(\.job)
        }
    }

    /// A fresh token. Must be given to `answer` or `forget`.
    func makeToken() -> UInt64 {
        state.withLock { state in
            state.lastToken += 1
            state.waiting[state.lastToken] = Entry(made: state.breaks)
            return state.lastToken
        }
    }

    func forget(_ token: UInt64) {
        state.withLock { _ = $0.waiting.removeValue(forKey: token) }
    }

    /// Waits for the outcome addressed to `token`, at most `limit`. After `timedOut` the outcome, when it comes, is to be
    /// kept for `retention`.
    func answer(
        to token: UInt64, of job: JobID, within limit: Duration, keeping retention: Duration
    ) async -> Answer {
        let due = tickIndex(after: limit)
        let lost = tickIndex(after: limit + Self.abandonedLife)
        return await withCheckedContinuation { continuation in
            let early: Answer? = state.withLock { state in
                guard let entry = state.waiting[token] else { return .timedOut }
                if entry.made != state.breaks {
                    state.waiting[token] = Entry(early: entry.early, job: job, made: state.breaks)
                    return .broken
                }
                if let early = entry.early {
                    state.waiting[token] = nil
                    return early
                }
                state.waiting[token] = Entry(
                    continuation: continuation, job: job, made: entry.made, due: due,
                    leaving: Abandoned(retention: retention, due: lost))
                state.file(token, at: due, horizon: Self.horizon)
                return nil
            }
            if let early { continuation.resume(returning: early) }
        }
    }

    /// Hands an outcome to its caller.
    func deliver(_ outcome: Outcome) -> Delivery {
        guard let token = outcome.replyTo?.token else { return .nobody }
        return resolve(token, with: .outcome(outcome))
    }

    func disconnect(_ token: UInt64) {
        _ = resolve(token, with: .disconnected)
    }

    /// Ends every wait as timed out: the gateway stops.
    /// - Parameter isQueueAway: whether to look for their outcomes among the stored ones would be in vain.
    func timeOutAll(isQueueAway: Bool) {
        let answer: Answer = isQueueAway ? .released : .timedOut
        for token in state.withLock({ Array($0.waiting.keys) }) { _ = resolve(token, with: answer) }
    }

    /// Turns the wheel until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            // Only cancellation throws, and the loop's condition sees it.
            try? await Task.sleep(for: Self.tick)
            let now = tickIndex(after: .zero)
            for token in state.withLock({ $0.turn(to: now, horizon: Self.horizon) }) {
                _ = resolve(token, with: .timedOut)
            }
        }
    }

    private func resolve(_ token: UInt64, with answer: Answer) -> Delivery {
        let (continuation, delivery): (CheckedContinuation<Answer, Never>?, Delivery) = state.withLock { state in
            guard let entry = state.waiting[token] else {
                guard case .outcome = answer, let left = state.abandoned.removeValue(forKey: token) else {
                    return (nil, .nobody)
                }
                return (nil, .left(left.retention))
            }
            if entry.continuation == nil {
                state.waiting[token]?.early = entry.early ?? answer
                return (nil, .caller)
            }
            state.waiting[token] = nil
            // Only a wait that timed out leaves something behind: its outcome is still to come.
            if answer.leavesTheJob, let left = entry.leaving, state.abandoned.count < Self.maximumAbandoned {
                state.abandoned[token] = left
                state.file(token, at: left.due, horizon: Self.horizon)
            }
            return (entry.continuation, .caller)
        }
        continuation?.resume(returning: answer)
        return delivery
    }

    private func tickIndex(after delay: Duration) -> Int64 {
        let elapsed = ContinuousClock.now - origin + max(delay, .zero)
        let ticks = elapsed / Self.tick
        return ticks >= 9e15 ? .max : Int64(ticks) + (delay > .zero ? 1 : 0)
    }
}

extension ReplyTable.State {
    /// Files a token for `due`, or for the horizon if that is nearer; never in a slot that has turned.
    fileprivate mutating func file(_ token: UInt64, at due: Int64, horizon: Int64) {
        wheel[max(turned + 1, min(due, turned + horizon)), default: []].append(token)
    }

    /// Turns the wheel.
    /// - Returns: the waits that are over.
    fileprivate mutating func turn(to now: Int64, horizon: Int64) -> [UInt64] {
        var over: [UInt64] = []
        while turned < now {
            turned += 1
            for token in wheel.removeValue(forKey: turned) ?? [] {
                if let entry = waiting[token] {
                    if entry.due <= turned { over.append(token) } else { file(token, at: entry.due, horizon: horizon) }
                } else if let left = abandoned[token] {
                    if left.due <= turned {
                        abandoned[token] = nil
                    } else {
                        file(token, at: left.due, horizon: horizon)
                    }
                }
            }
        }
        return over
    }
}

extension ReplyTable.Answer {
    /// Whether the caller goes with the job's id, and its outcome is to be kept.
    fileprivate var leavesTheJob: Bool {
        switch self {
        case .timedOut, .released: true
        case .outcome, .broken, .disconnected: false
        }
    }
}
