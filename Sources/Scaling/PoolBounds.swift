import Time

/// What holds in a pool whoever proposes: its limits, what it can start now, and what operators set by hand.
struct PoolBounds {
    let situation: PoolSituation
    let now: Timestamp
    let isFresh: Bool
    /// Work waits that the pool's workers can do.
    let hasWork: Bool

    /// The count that an operator pinned.
    var pinned: PoolOverride? { situation.policy.override.flatMap { $0.expires > now ? $0 : nil } }

    /// Idle workers that are not protected.
    var idle: Int { max(situation.observation.idle - max(situation.observation.protected, 0), 0) }

    /// Workers that may be drained with this decision.
    func mayLeave(_ drained: inout MoveLog) -> Int {
        // Nobody can take the place of one that leaves a pool without starts.
        let isKept = situation.observation.unavailable != nil && hasWork
        guard !situation.policy.isPaused, isFresh, !isKept else { return 0 }
        guard let limit = situation.policy.scaleInLimit else { return idle }
        return min(idle, drained.allowed(by: limit, at: now))
    }

    /// - Parameter staying: workers that are not asked to leave, whatever was proposed.
    func limit(_ clips: inout Clips, staying: Int, backOff: StartBackOff) {
        let total = situation.total
        if let pinned { clips.clip(.override, to: pinned.count, remaining: pinned.expires - now) }
        clips.clip(.onlyIdleLeave, to: max(clips.wanted, staying))
        if pinned == nil { clips.clip(.minimum, to: max(clips.wanted, situation.policy.minimum)) }
        clips.clip(.maximum, to: min(clips.wanted, situation.policy.maximum))
        if let reason = situation.observation.unavailable {
            let kept = min(total, situation.policy.maximum)
            clips.clip(.unavailable, to: hasWork ? kept : min(clips.wanted, total), detail: reason)
        } else if situation.reachable < situation.policy.maximum {
            clips.clip(
                .startBackOff, to: min(clips.wanted, max(situation.reachable, total)),
                remaining: backOff.remaining(at: now))
        }
    }

    func limitRates(_ clips: inout Clips, state: inout PolicyState.Pool) {
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

    func pause(_ clips: inout Clips) {
        guard situation.policy.isPaused else { return }
        clips.clip(.paused, to: min(situation.total, situation.policy.maximum))
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
