import Time

/// Decides for one pool: proposals, then guards in order, each on record.
struct PoolDecider {
    let demand: PoolDemand
    let situation: PoolSituation
    let horizons: Horizons
    let policy: Policy
    let now: Timestamp
    let isFresh: Bool

    private var bounds: PoolBounds {
        PoolBounds(situation: situation, now: now, isFresh: isFresh, hasWork: demand.hasWork)
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
        let pinned = bounds.pinned
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
        bound(state: &state, clips: &clips)
        let mayLeave = bounds.mayLeave(&state.drained)
        state.wanted = clips.wanted
        let isAtRisk =
            proposals.deadline.late > 0 || demand.isUrgentDue
            || (proposals.deadline.more > 0 && clips.wanted < total + proposals.deadline.more)
        return (
            decision(
                clips, candidates: proposals.candidates, before: before, demand: demand, mayLeave: mayLeave), isAtRisk
        )
    }

    private func bound(state: inout PolicyState.Pool, clips: inout Clips) {
        let total = situation.total
        bounds.limit(
            &clips, staying: situation.observation.busy + situation.starting, backOff: state.backOff)
        if clips.wanted < total, total <= situation.policy.maximum {
            clips.clip(.protected, to: max(clips.wanted, total - bounds.idle))
        }
        bounds.limitRates(&clips, state: &state)
        bounds.pause(&clips)
        if situation.starting > 0, clips.wanted > situation.ready {
            clips.guards.append(
                Guard(kind: .startsCounted, from: clips.wanted - situation.ready, to: max(clips.wanted - total, 0)))
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
            let announced = max(demand.forecastWorkers, demand.declaredWorkers)
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
