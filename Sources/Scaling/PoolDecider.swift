import Time

/// Decides for one pool: proposals, then guards in order, each on record.
struct PoolDecider {
    let demand: PoolDemand
    let situation: PoolSituation
    let horizons: Horizons
    let policy: Policy
    let now: Timestamp
    let isFresh: Bool

    private var idleThatMayLeave: Int {
        max(situation.observation.idle - max(situation.observation.protected, 0), 0)
    }

    /// - Returns: also whether deadlines may be missed.
    func decide(_ state: inout PolicyState.Pool) -> (decision: PoolDecision, isAtRisk: Bool) {
        let before = state.wanted
        let total = situation.total
        let window = situation.policy.scaleInWindow ?? policy.window(startUp: situation.startUp)
        let isQuiet = state.noteWork(demand.hasWork || !isFresh, at: now, window: window)
        var demand = demand
        if isQuiet { demand.forgetRates() }
        var proposals = Proposals(
            demand: demand, situation: situation, horizons: horizons, policy: policy, before: before)
        var clips = Clips(wanted: proposals.highest())
        if let comingTooLate = proposals.comingTooLate, comingTooLate > total {
            clips.guards.append(Guard(kind: .startUpHelps, from: comingTooLate, to: total))
        }
        let pinned = situation.policy.override.flatMap { $0.expires > now ? $0 : nil }
        if let pinned {
            proposals.candidates.append(
                Candidate(proposer: .override, count: pinned.count, exact: Double(pinned.count), source: pinned.note))
        }
        if isFresh {
            clips.clip(.seenOnce, to: rising(to: clips.wanted, proposals: proposals, state: &state))
            if pinned == nil {
                holdWithinWindow(proposals, isQuiet: isQuiet, window: window, state: &state, clips: &clips)
                holdForRestart(demand, clips: &clips)
            }
        } else {
            clips.clip(.missingData, to: max(before ?? total, total))
            _ = state.window.highest(adding: clips.wanted, at: now, window: window)
        }
        if let pinned { clips.clip(.override, to: pinned.count, remaining: pinned.expires - now) }
        bound(state: &state, isPinned: pinned != nil, clips: &clips)
        var mayLeave = situation.policy.isPaused || !isFresh ? 0 : idleThatMayLeave
        if let limit = situation.policy.scaleInLimit {
            mayLeave = min(mayLeave, state.drained.allowed(by: limit, at: now))
        }
        state.wanted = clips.wanted
        let isAtRisk =
            proposals.deadline.late > 0 || demand.isUrgentDue
            || (proposals.deadline.more > 0 && clips.wanted < total + proposals.deadline.more)
        return (
            decision(
                clips, candidates: proposals.candidates, before: before, demand: demand, mayLeave: mayLeave), isAtRisk
        )
    }

    /// Limits that hold whatever was proposed.
    private func bound(state: inout PolicyState.Pool, isPinned: Bool, clips: inout Clips) {
        let total = situation.total
        let seen = situation.observation
        clips.clip(.onlyIdleLeave, to: max(clips.wanted, seen.busy + situation.starting))
        if !isPinned { clips.clip(.minimum, to: max(clips.wanted, situation.policy.minimum)) }
        clips.clip(.maximum, to: min(clips.wanted, situation.policy.maximum))
        if let reason = seen.unavailable {
            clips.clip(.unavailable, to: min(clips.wanted, total), detail: reason)
        } else if situation.reachable < situation.policy.maximum {
            clips.clip(
                .startBackOff, to: min(clips.wanted, max(situation.reachable, total)),
                remaining: state.backOff.remaining(at: now))
        }
        if clips.wanted < total, total <= situation.policy.maximum {
            clips.clip(.protected, to: max(clips.wanted, total - idleThatMayLeave))
        }
        limitRates(state: &state, clips: &clips)
        if situation.policy.isPaused { clips.clip(.paused, to: min(total, situation.policy.maximum)) }
        if situation.starting > 0, clips.wanted > situation.ready {
            clips.guards.append(
                Guard(kind: .startsCounted, from: clips.wanted - situation.ready, to: max(clips.wanted - total, 0)))
        }
    }

    private func limitRates(state: inout PolicyState.Pool, clips: inout Clips) {
        let total = situation.total
        if let limit = situation.policy.scaleOutLimit, clips.wanted > total {
            let allowed = total + state.started.allowed(by: limit, at: now)
            clips.clip(
                .rateLimit, to: min(clips.wanted, allowed), remaining: state.started.remaining(by: limit, at: now))
        }
        if let limit = situation.policy.scaleInLimit, clips.wanted < total {
            let allowed = total - state.drained.allowed(by: limit, at: now)
            clips.clip(
                .rateLimit, to: max(clips.wanted, min(allowed, situation.policy.maximum)),
                remaining: state.drained.remaining(by: limit, at: now))
        }
    }

    /// The count that may be reached now: a rise above what is there that only the rate proposes waits for a second
    /// decision that wants it too. Not while workers are taken away: their places are filled at once.
    private func rising(to wanted: Int, proposals: Proposals, state: inout PolicyState.Pool) -> Int {
        let others = max(proposals.highest(except: .rate), situation.total)
        guard wanted > others, situation.observation.leaving == 0 else {
            state.isRateRising = false
            return wanted
        }
        defer { state.isRateRising = true }
        return state.isRateRising ? wanted : others
    }

    /// Keeps what was wanted within the window, as far as it is there; after a whole window without any work the pool
    /// is let go at once. What only deadlines of patient work asked for is kept only where the operator set a window:
    /// jobs can wait for a start.
    private func holdWithinWindow(
        _ proposals: Proposals, isQuiet: Bool, window: Duration, state: inout PolicyState.Pool, clips: inout Clips
    ) {
        if isQuiet {
            state.window.clear()
            return
        }
        let isSet = situation.policy.scaleInWindow != nil || policy.scaleInWindow != nil
        let isUrgent = isSet || !demand.isPatient
        let lasting = isUrgent ? clips.wanted : min(clips.wanted, proposals.lasting)
        let added = state.wanted == nil && isUrgent ? max(lasting, situation.total) : lasting
        let highest = state.window.highest(adding: added, at: now, window: window)
        let held = max(clips.wanted, min(highest, situation.total))
        guard held > clips.wanted else { return }
        // Without anything to do the pool ends with the quiet, which may come before the window's end.
        let windowEnd = state.window.remaining(above: clips.wanted, at: now)
        let quietEnd = state.lastWork.map { $0 + window - now }
        let end = demand.hasWork ? windowEnd : [windowEnd, quietEnd].compactMap { $0 }.min()
        clips.clip(.scaleInWindow, to: held, remaining: end)
    }

    /// Whether an idle worker of a patient pool is worth keeping.
    ///
    /// Stopped with M workers left and a load R > M, work queues up for `R · T / (R − M)` until the next one is needed (T
    /// the deadline), and a start costs D. Kept, it idles `M + 1 − R` of its time. Stopping costs less while
    /// `D · (R − M) < R · T`, that is always where starts are faster than the deadline; so workers beyond the whole part
    /// of the load leave as soon as they are idle, and the others stay.
    private func holdForRestart(_ demand: PoolDemand, clips: inout Clips) {
        let total = situation.total
        guard clips.wanted < total else { return }
        if demand.isPatient {
            let announced = demand.expected.reduce(0) { max($0, $1.workers) }
            let load = max(demand.patientLoad + demand.urgentLoad, announced)
            var keep = Int(min(load, 1_000_000))
            if demand.waiting >= 1 { keep = total }
            clips.clip(.costOfRestart, to: max(clips.wanted, min(keep, total)))
        }
        if clips.wanted == 0, let source = demand.expectedSoon {
            let text =
                switch source {
                case .forecast: "by the forecast"
                case .event(let name): name
                }
            clips.clip(.expected, to: 1, detail: text)
        }
    }

    private func decision(
        _ clips: Clips, candidates: [Candidate], before: Int?, demand: PoolDemand, mayLeave: Int
    ) -> PoolDecision {
        let total = situation.total
        let wanted = clips.wanted
        return PoolDecision(
            pool: situation.policy.name, wanted: wanted, before: before,
            starts: situation.policy.isPaused ? 0 : max(wanted - total, 0),
            drains: min(max(total - wanted, 0), mayLeave),
            figures: figures(wanted: wanted, demand: demand), candidates: candidates, guards: clips.guards)
    }

    private func figures(wanted: Int, demand: PoolDemand) -> PoolFigures {
        let work = demand.work + demand.inFlightWork
        let seen = situation.observation
        return PoolFigures(
            starting: situation.starting, busy: seen.busy, idle: seen.idle, draining: seen.draining,
            waiting: demand.waiting, inFlight: demand.inFlight, due: demand.due, work: .microseconds(work * 1e6),
            arrivalRate: demand.arrivalRate, load: demand.load, oldestWait: demand.oldestWait,
            startUp: situation.startUp.median,
            drainTime: work == 0 ? .zero : wanted > 0 ? .microseconds(work / Double(wanted) * 1e6) : nil,
            leaving: seen.leaving > 0 ? seen.leaving : nil,
            costPerHour: situation.policy.pricePerHour > 0 ? Double(wanted) * situation.policy.pricePerHour : nil)
    }
}

/// A count on its way through the guards.
struct Clips {
    var wanted: Int
    var guards: [Guard] = []

    mutating func clip(_ kind: Guard.Kind, to count: Int, remaining: Duration? = nil, detail: String? = nil) {
        guard count != wanted else { return }
        guards.append(Guard(kind: kind, from: wanted, to: count, remaining: remaining, detail: detail))
        wanted = count
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
