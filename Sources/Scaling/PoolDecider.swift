import Time

/// Decides for one pool: proposals, then guards in order, each on record.
struct PoolDecider {
    let demand: PoolDemand
    let situation: PoolSituation
    let policy: Policy
    let now: Timestamp
    let isFresh: Bool

    func decide(_ state: inout PolicyState.Pool) -> PoolDecision {
        let before = state.wanted
        let total = situation.total
        let window = policy.window(startUp: situation.startUp)
        let isQuiet = state.noteWork(demand.hasWork || !isFresh, at: now, window: window)
        var demand = demand
        if isQuiet { demand.load = 0 }
        let proposals = Proposals(demand: demand, situation: situation, policy: policy, before: before)
        var guards: [Guard] = []
        var wanted = proposals.highest()

        func clip(_ kind: Guard.Kind, to count: Int, remaining: Duration? = nil, detail: String? = nil) {
            guard count != wanted else { return }
            guards.append(Guard(kind: kind, from: wanted, to: count, remaining: remaining, detail: detail))
            wanted = count
        }

        if let comingTooLate = proposals.backlog.comingTooLate, comingTooLate > total {
            guards.append(Guard(kind: .startUpHelps, from: comingTooLate, to: total))
        }
        if isFresh {
            clip(.seenOnce, to: rising(to: wanted, proposals: proposals, state: &state))
            holdWithinWindow(wanted, isQuiet: isQuiet, window: window, state: &state, clip: clip)
        } else {
            clip(.missingData, to: max(before ?? total, total))
            _ = state.window.highest(adding: wanted, at: now, window: window)
        }
        clip(.onlyIdleLeave, to: max(wanted, situation.observation.busy + situation.starting))
        clip(.minimum, to: max(wanted, situation.policy.minimum))
        clip(.maximum, to: min(wanted, situation.policy.maximum))
        if let reason = situation.observation.unavailable {
            clip(.unavailable, to: min(wanted, total), detail: reason)
        } else if situation.reachable < situation.policy.maximum {
            clip(
                .startBackOff, to: min(wanted, max(situation.reachable, total)),
                remaining: state.backOff.remaining(at: now))
        }
        let ready = situation.ready
        if situation.starting > 0, wanted > ready {
            guards.append(Guard(kind: .startsCounted, from: wanted - ready, to: max(wanted - total, 0)))
        }
        state.wanted = wanted
        let surplus = max(total - wanted, 0)
        return PoolDecision(
            pool: situation.policy.name, wanted: wanted, before: before, starts: max(wanted - total, 0),
            drains: isFresh ? min(surplus, situation.observation.idle) : 0, figures: figures(wanted: wanted),
            candidates: proposals.candidates, guards: guards)
    }

    /// The count that may be reached now: a rise above what is there that only the rate proposes waits for a second
    /// decision that wants it too.
    private func rising(to wanted: Int, proposals: Proposals, state: inout PolicyState.Pool) -> Int {
        let others = max(proposals.highest(except: .rate), situation.total)
        guard wanted > others else {
            state.isRateRising = false
            return wanted
        }
        defer { state.isRateRising = true }
        return state.isRateRising ? wanted : others
    }

    /// Keeps what was wanted within the window, as far as it is there; after a whole window without any work the pool
    /// is let go at once.
    private func holdWithinWindow(
        _ wanted: Int, isQuiet: Bool, window: Duration, state: inout PolicyState.Pool,
        clip: (Guard.Kind, Int, Duration?, String?) -> Void
    ) {
        if isQuiet {
            state.window.clear()
            return
        }
        let added = state.wanted == nil ? max(wanted, situation.total) : wanted
        let highest = state.window.highest(adding: added, at: now, window: window)
        let held = max(wanted, min(highest, situation.total))
        guard held > wanted else { return }
        // Without anything to do the pool ends with the quiet, which may come before the window's end.
        let windowEnd = state.window.remaining(above: wanted, at: now)
        let quietEnd = state.lastWork.map { $0 + window - now }
        let end = demand.hasWork ? windowEnd : [windowEnd, quietEnd].compactMap { $0 }.min()
        clip(.scaleInWindow, held, end, nil)
    }

    private func figures(wanted: Int) -> PoolFigures {
        let work = demand.work + demand.inFlightWork
        return PoolFigures(
            starting: situation.starting, busy: situation.observation.busy, idle: situation.observation.idle,
            draining: situation.observation.draining, waiting: demand.waiting, inFlight: demand.inFlight,
            due: demand.due, work: .microseconds(work * 1e6), arrivalRate: demand.arrivalRate, load: demand.load,
            oldestWait: demand.oldestWait, startUp: situation.startUp.median,
            drainTime: work == 0 ? .zero : wanted > 0 ? .microseconds(work / Double(wanted) * 1e6) : nil)
    }
}

extension PolicyState.Pool {
    /// Notes whether there is work; missing data counts as work, so that quiet is always seen and never guessed.
    /// - Returns: whether there was none for a whole window.
    fileprivate mutating func noteWork(_ hasWork: Bool, at now: Timestamp, window: Duration) -> Bool {
        guard !hasWork, let lastWork else {
            lastWork = now
            return false
        }
        return now - lastWork >= window
    }
}
