import Clocks
import GatewayCore
import Jobs
import Synchronization
import Time

/// What a waiting call is told: the parts of its answer, which is one so far.
enum CallPart: Sendable {
    /// Look whether the job is settled, and go on with `looked`.
    case look(JobID)
    case end(CallAnswer, cancelling: JobID?)
}

/// By which a caller who goes away ends his call.
struct CallHandle: Sendable {
    private let table: CallTable
    private let token: CallToken

    fileprivate init(_ table: CallTable, _ token: CallToken) {
        self.table = table
        self.token = token
    }

    func disconnect() { table.disconnect(token) }
}

/// The ledger of calls behind a lock, with those who wait: decides inside the lock, and tells them once it is released.
final class CallTable: Sendable {
    /// Where the parts of a call go.
    fileprivate enum Sink {
        case call(CheckedContinuation<CallPart, Never>)
        case follower(@Sendable () -> Void)
    }

    /// What is done once the lock is released.
    fileprivate enum Effect {
        case tell(CheckedContinuation<CallPart, Never>, CallPart)
        case end(@Sendable () -> Void)
        case keep(JobID, Duration)
        case wake
    }

    fileprivate struct State {
        var ledger: CallLedger
        /// By the place of the token.
        var sinks: [Sink?] = []
        var wake: Timestamp?

        mutating func put(_ sink: Sink, at token: CallToken) {
            while sinks.count <= token.slot { sinks.append(nil) }
            sinks[token.slot] = sink
        }
    }

    private let clock: WaitClock
    private let state: Mutex<State>
    private let alarm = Signal()
    private let onKeep: @Sendable (JobID, Duration) -> Void

    /// - Parameter onKeep: called, without waiting, with each outcome that is to be kept for so long.
    init(clock: WaitClock, onKeep: @escaping @Sendable (JobID, Duration) -> Void) {
        self.clock = clock
        self.onKeep = onKeep
        state = Mutex(State(ledger: CallLedger(at: clock.now())))
    }

    /// The number of calls that are not over.
    var waiting: Int { state.withLock { $0.ledger.waiting } }

    // MARK: A call

    /// A call begins: its token goes with its job. `wait` or `forget` must follow.
    func begin(for caller: Caller) -> CallToken {
        let token = state.withLock { $0.ledger.begin() }
        caller.wait(for: CallHandle(self, token))
        return token
    }

    func forget(_ token: CallToken) {
        state.withLock { state in
            if state.ledger.forget(token) { _ = state.take(token) }
        }
    }

    /// The queue has the job: waits for what the caller is to be told.
    func wait(_ token: CallToken, for job: JobID, on terms: CallTerms) async -> CallPart {
        let now = clock.now()
        return await part(of: token) { $0.submitted(token, as: job, on: terms, now: now) }
    }

    /// Waits for what the caller is to be told after a look.
    /// - Parameter outcome: what was found; `nil`: nothing, or the store could not be asked.
    func looked(_ token: CallToken, found outcome: Outcome?) async -> CallPart {
        let now = clock.now()
        return await part(of: token) { $0.looked(token, found: outcome, now: now) }
    }

    fileprivate func disconnect(_ token: CallToken) { change { $0.disconnected(token) } }

    // MARK: A job that was submitted before

    /// Does `wait`, which returns what it knows as soon as its task is cancelled: when the caller goes, or the gateway stops.
    func follow(
        for caller: Caller, _ wait: @escaping @Sendable () async throws(QueueError) -> JobState
    ) async throws(QueueError) -> JobState {
        let task = Task { () async -> Result<JobState, QueueError> in
            do throws(QueueError) {
                return .success(try await wait())
            } catch {
                return .failure(error)
            }
        }
        let (token, effects) = state.withLock { state in
            let (token, actions) = state.ledger.follow()
            state.put(.follower { task.cancel() }, at: token)
            return (token, state.effects(of: actions))
        }
        perform(effects)
        caller.wait(for: CallHandle(self, token))
        defer { forget(token) }
        return try await task.value.get()
    }

    // MARK: All calls

    /// Hands an outcome to its caller.
    /// - Returns: whether one is there, or will be told.
    func deliver(_ outcome: Outcome) -> Bool {
        var isClaimed = true
        let effects = state.withLock { state in
            state.effects(of: state.ledger.outcome(outcome), isClaimed: &isClaimed)
        }
        perform(effects)
        return isClaimed
    }

    /// Outcomes may have been lost on their way here.
    /// - Returns: the jobs whose outcomes are to be looked up.
    func repliesBroke() -> [JobID] {
        let actions = state.withLock { $0.ledger.repliesBroke() }
        return actions.flatMap { action -> [JobID] in
            if case .lookUp(let jobs) = action { jobs } else { [] }
        }
    }

    func stop(isQueueAway: Bool) {
        let now = clock.now()
        change { $0.stop(isQueueAway: isQueueAway, now: now) }
    }

    /// Ends waits when they are due, until the task is cancelled. Sleeps until the next one, and for good while there is none.
    func run() async {
        while !Task.isCancelled {
            let wake = state.withLock { $0.wake }
            let now = clock.now()
            if let wake, wake <= now {
                perform(state.withLock { $0.turn(to: now) })
            } else {
                await alarm.wait(atMost: wake.map { $0 - now }, on: clock)
            }
        }
    }

    // MARK: Acting

    private func part(of token: CallToken, after event: (inout CallLedger) -> CallActions) async -> CallPart {
        await withCheckedContinuation { continuation in
            let effects = state.withLock { state in
                state.put(.call(continuation), at: token)
                return state.effects(of: event(&state.ledger))
            }
            perform(effects)
        }
    }

    private func change(_ event: (inout CallLedger) -> CallActions) {
        perform(state.withLock { state in state.effects(of: event(&state.ledger)) })
    }
}

extension CallTable {
    private func perform(_ effects: Few<Effect>) {
        for effect in effects {
            switch effect {
            case .tell(let call, let part): call.resume(returning: part)
            case .end(let follower): follower()
            case .keep(let job, let retention): onKeep(job, retention)
            case .wake: alarm.raise()
            }
        }
    }
}

extension CallTable.State {
    /// As the sleeper itself: what it is woken for next it sees for itself.
    fileprivate mutating func turn(to now: Timestamp) -> Few<CallTable.Effect> {
        wake = nil
        var effects = Few<CallTable.Effect>()
        for effect in self.effects(of: ledger.advance(to: now)) {
            if case .wake = effect { continue }
            effects.append(effect)
        }
        return effects
    }

    fileprivate mutating func effects(of actions: CallActions) -> Few<CallTable.Effect> {
        var isClaimed = true
        return effects(of: actions, isClaimed: &isClaimed)
    }

    /// - Parameter isClaimed: set to `false` where an outcome is nobody's answer.
    fileprivate mutating func effects(
        of actions: consuming CallActions, isClaimed: inout Bool
    ) -> Few<CallTable.Effect> {
        var effects = Few<CallTable.Effect>()
        var cancelled: JobID?
        for action in actions {
            switch action {
            case .answer(let token, let answer):
                if let call = call(token) { effects.append(.tell(call, .end(answer, cancelling: cancelled.take()))) }
            case .look(let token, let job):
                if let call = call(token) { effects.append(.tell(call, .look(job))) }
            case .cancel(_, let job): cancelled = job
            case .endFollowing(let token):
                if case .follower(let end)? = take(token) { effects.append(.end(end)) }
            case .keep(let job, let retention): effects.append(.keep(job, retention))
            case .wake(let time):
                wake = time
                effects.append(.wake)
            case .unclaimed: isClaimed = false
            case .lookUp: break
            }
        }
        return effects
    }

    private mutating func call(_ token: CallToken) -> CheckedContinuation<CallPart, Never>? {
        if case .call(let call)? = take(token) { call } else { nil }
    }

    fileprivate mutating func take(_ token: CallToken) -> CallTable.Sink? {
        token.slot < sinks.count ? sinks[token.slot].take() : nil
    }
}
