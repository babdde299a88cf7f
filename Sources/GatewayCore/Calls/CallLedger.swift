package import Jobs
package import Time

/// The calls that wait at a gateway: what happens to them goes in with the time, what is to be done comes out.
///
/// A synchronous call is, in this order:
///
/// | phase | can go to |
/// |---|---|
/// | submitting: its job is on its way to the queue | waiting, looking, over |
/// | waiting: for the outcome of its job | looking, left, over |
/// | looking: whether the outcome is stored, since the wait is over or it may have been lost on its way | waiting, left, over |
/// | left: its caller has the job's id, and its outcome is still to come | over |
///
/// What happens to a call while it is submitting or looking is kept until that is done. A call that follows a job which was
/// submitted before is following, until it is over. Each call is answered once, or forgotten by whoever began it. All times are
/// of one clock that only goes on.
package struct CallLedger: Sendable {
    private enum Phase {
        case submitting
        case waiting
        case looking(Cause)
        case left
        case following
    }

    private enum Cause {
        case timeOut
        case brokenReplies
        case stop
    }

    /// What happened while the caller could not be answered; an outcome counts more than anything else.
    private enum Meanwhile {
        indirect case outcome(Outcome)
        case disconnected
        case stopped
    }

    private struct Call {
        /// Zero where the place is free.
        var serial: UInt32 = 0
        var phase = Phase.submitting
        /// What it waits for, once that is known.
        var job: JobID?
        var terms: CallTerms?
        var meanwhile: Meanwhile?
        /// When its wait is over, or its outcome is no longer expected.
        var due = Timestamp.zero
        /// `breaks` when the call began, or when its job was looked for since.
        var seenBreaks: UInt64 = 0
    }

    private enum Running {
        case yes
        case stopped(isQueueAway: Bool)
    }

    /// An outcome that has not come by then was lost, or its job is waiting for very long: 6 h.
    private static let lifeOfLeft: Duration = .seconds(21_600)
    /// Bound of those that left; above it an outcome keeps its short retention.
    private static let maximumLeft = 100_000

    private var calls: [Call] = []
    private var free: [Int] = []
    private var wheel: DueWheel
    private var lastSerial: UInt32 = 0
    private var leftCount = 0
    /// How often outcomes may have been lost on their way here.
    private var breaks: UInt64 = 0
    private var running = Running.yes
    /// The time that was told last.
    private var wake: Timestamp?

    package init(at now: Timestamp) { wheel = DueWheel(at: now) }

    /// The number of calls that are not over.
    package var waiting: Int { calls.count - free.count - leftCount }

    /// The number of calls whose caller left with the job's id, and whose outcome is still to come.
    package var left: Int { leftCount }

    // MARK: A call

    /// A call begins; its job is submitted next, with this token in its reply address. `submitted` or `forget` must follow.
    package mutating func begin() -> CallToken { open(.submitting) }

    /// The call came to nothing, or to what its caller is told without the ledger.
    /// - Returns: whether it was not over before.
    @discardableResult
    package mutating func forget(_ token: CallToken) -> Bool {
        guard let slot = find(token) else { return false }
        close(slot)
        return true
    }

    /// The queue has the call's job: its caller waits from now on.
    package mutating func submitted(
        _ token: CallToken, as job: JobID, on terms: CallTerms, now: Timestamp
    ) -> CallActions {
        guard let slot = find(token) else { return Few(.answer(token, .timedOut)) }
        calls[slot].job = job
        calls[slot].terms = terms
        calls[slot].due = now + terms.limit
        return settle(token, now: now)
    }

    /// What `look` found: the stored outcome of the call's job; `nil` where there is none, or it could not be asked for.
    package mutating func looked(_ token: CallToken, found outcome: Outcome?, now: Timestamp) -> CallActions {
        guard let slot = find(token) else { return Few(.answer(token, .timedOut)) }
        switch (calls[slot].meanwhile, outcome) {
        case (.outcome?, _): return settle(token, now: now)
        case (_, let outcome?): return answer(token, .stored(outcome))
        case (.disconnected?, nil): return dismiss(token)
        case (.stopped?, nil), (nil, nil): break
        }
        switch calls[slot].phase {
        case .looking(.timeOut): return leave(token, isLate: true, now: now)
        case .looking(.stop): return leave(token, isLate: false, now: now)
        case .looking(.brokenReplies), .submitting, .waiting, .left, .following: return settle(token, now: now)
        }
    }

    /// An outcome came for a call of this gateway.
    package mutating func outcome(_ outcome: consuming Outcome) -> CallActions {
        let token = CallToken(rawValue: outcome.replyTo?.token ?? .max)
        guard let slot = find(token) else { return Few(.unclaimed(outcome.id)) }
        switch calls[slot].phase {
        case .waiting: return answer(token, .settled(outcome))
        case .submitting, .looking:
            calls[slot].meanwhile = .outcome(outcome)
            return Few()
        case .left:
            let retention = calls[slot].terms?.retention ?? .zero
            close(slot)
            return [.unclaimed(outcome.id), .keep(outcome.id, retention)]
        case .following: return Few(.unclaimed(outcome.id))
        }
    }

    /// The caller went away. Nothing, where the call is over.
    package mutating func disconnected(_ token: CallToken) -> CallActions {
        guard let slot = find(token) else { return Few() }
        switch calls[slot].phase {
        case .waiting: return dismiss(token)
        case .submitting, .looking:
            if case .outcome? = calls[slot].meanwhile { return Few() }
            calls[slot].meanwhile = .disconnected
            return Few()
        case .left: return Few()
        case .following: return Few(.endFollowing(token))
        }
    }

    // MARK: A job that was submitted before

    /// A caller waits for a job that was submitted before. `forget` must follow.
    package mutating func follow() -> (CallToken, CallActions) {
        let token = open(.following)
        guard case .yes = running else { return (token, Few(.endFollowing(token))) }
        return (token, Few())
    }

    // MARK: All calls

    /// Outcomes may have been lost on their way here. O(n).
    ///
    /// The jobs whose submit is still to be answered are not among those to look up: they are looked for once they are known.
    package mutating func repliesBroke() -> CallActions {
        breaks += 1
        let jobs = calls.indices.compactMap { slot -> JobID? in
            switch calls[slot].phase {
            case .waiting, .looking: return calls[slot].serial == 0 ? nil : calls[slot].job
            case .submitting, .left, .following: return nil
            }
        }
        for slot in calls.indices where calls[slot].job != nil { calls[slot].seenBreaks = breaks }
        return Few(.lookUp(jobs))
    }

    /// The time is now; to be called when `wake` says so.
    package mutating func advance(to now: Timestamp) -> CallActions {
        var actions = CallActions()
        for slot in wheel.turn(to: now) {
            switch calls[slot].phase {
            case .waiting:
                let token = CallToken(serial: calls[slot].serial, slot: slot)
                actions.append(contentsOf: look(token, .timeOut))
            case .left: close(slot)
            case .submitting, .looking, .following: preconditionFailure("\(calls[slot].phase) has no due time")
            }
        }
        wake = wheel.next
        if let wake { actions.append(.wake(at: wake)) }
        return actions
    }

    /// The gateway stops: nobody waits any longer, nor do those who are still to come.
    /// - Parameter isQueueAway: whether to look for their outcomes among the stored ones would be in vain.
    package mutating func stop(isQueueAway: Bool, now: Timestamp) -> CallActions {
        running = .stopped(isQueueAway: isQueueAway)
        var actions = CallActions()
        for slot in calls.indices where calls[slot].serial != 0 {
            let token = CallToken(serial: calls[slot].serial, slot: slot)
            switch calls[slot].phase {
            case .waiting: actions.append(contentsOf: release(token, now: now))
            case .submitting, .looking: if calls[slot].meanwhile == nil { calls[slot].meanwhile = .stopped }
            case .following: actions.append(.endFollowing(token))
            case .left: break
            }
        }
        return actions
    }
}

// MARK: - Transitions

extension CallLedger {
    /// A call whose job is known, and whose caller can be told: what came meanwhile, else he waits.
    private mutating func settle(_ token: CallToken, now: Timestamp) -> CallActions {
        let slot = token.slot
        switch calls[slot].meanwhile {
        case .outcome(let outcome)?: return answer(token, .settled(outcome))
        case .disconnected?: return dismiss(token)
        case .stopped?: return release(token, now: now)
        case nil: break
        }
        guard case .yes = running else { return release(token, now: now) }
        guard calls[slot].seenBreaks == breaks else { return look(token, .brokenReplies) }
        calls[slot].phase = .waiting
        return file(slot)
    }

    private mutating func look(_ token: CallToken, _ cause: Cause) -> CallActions {
        let slot = token.slot
        guard let job = calls[slot].job else { return Few() }
        wheel.remove(slot)
        calls[slot].phase = .looking(cause)
        calls[slot].seenBreaks = breaks
        return Few(.look(token, job))
    }

    private mutating func answer(_ token: CallToken, _ answer: consuming CallAnswer) -> CallActions {
        close(token.slot)
        return Few(.answer(token, answer))
    }

    /// Nobody is there to be answered; the job goes on only for a caller who can come back.
    private mutating func dismiss(_ token: CallToken) -> CallActions {
        let call = calls[token.slot]
        close(token.slot)
        guard let job = call.job, call.terms?.isRepeatable == false else { return Few(.answer(token, .disconnected)) }
        return [.cancel(token, job), .answer(token, .disconnected)]
    }

    /// The gateway stops while the call waits.
    private mutating func release(_ token: CallToken, now: Timestamp) -> CallActions {
        if case .stopped(isQueueAway: true) = running { return leave(token, isLate: false, now: now) }
        if case .looking = calls[token.slot].phase { return leave(token, isLate: false, now: now) }
        return look(token, .stop)
    }

    /// The caller goes with the job's id, for which its outcome is to be kept when it comes.
    /// - Parameter isLate: whether the call's time is over.
    private mutating func leave(_ token: CallToken, isLate: Bool, now: Timestamp) -> CallActions {
        let slot = token.slot
        let isLate = isLate && calls[slot].terms?.endsAtDeadline == true
        guard leftCount < Self.maximumLeft else { return answer(token, isLate ? .late : .timedOut) }
        wheel.remove(slot)
        calls[slot].phase = .left
        calls[slot].meanwhile = nil
        calls[slot].due = now + Self.lifeOfLeft
        leftCount += 1
        var actions = CallActions(.answer(token, isLate ? .late : .timedOut))
        actions.append(contentsOf: file(slot))
        return actions
    }

    // MARK: Places

    private mutating func open(_ phase: Phase) -> CallToken {
        lastSerial = lastSerial == .max ? 1 : lastSerial + 1
        let call = Call(serial: lastSerial, phase: phase, seenBreaks: breaks)
        if let slot = free.popLast() {
            calls[slot] = call
            return CallToken(serial: lastSerial, slot: slot)
        }
        calls.append(call)
        return CallToken(serial: lastSerial, slot: calls.count - 1)
    }

    private func find(_ token: CallToken) -> Int? {
        let slot = token.slot
        guard slot < calls.count, token.serial != 0, calls[slot].serial == token.serial else { return nil }
        return slot
    }

    private mutating func close(_ slot: Int) {
        if case .left = calls[slot].phase { leftCount -= 1 }
        wheel.remove(slot)
        calls[slot] = Call()
        free.append(slot)
    }

    private mutating func file(_ slot: Int) -> CallActions {
        wheel.file(slot, due: calls[slot].due)
        guard let next = wheel.next, wake.map({ next < $0 }) ?? true else { return Few() }
        wake = next
        return Few(.wake(at: next))
    }
}
