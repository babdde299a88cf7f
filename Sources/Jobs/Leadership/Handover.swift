package import Time

/// Decides when a scaler that does not lead any more drains the workers that are its own children.
///
/// Nobody else can end them, and they serve well meanwhile. So it waits until a new leader is seen to decide, then drains
/// a quarter of them at a time, one start-up time apart: the new leader counts a draining worker as leaving and starts its
/// replacement before the next quarter goes.
///
/// | at | own ready workers | drains (start-up time 10 s) |
/// |---|---|---|
/// | deposed, no new leader seen | 8 | 0 |
/// | new leader seen | 8 | 2 |
/// | 5 s later | 6 | 0 |
/// | 10 s later | 6 | 2 |
package struct Handover: Sendable {
    private let pause: Duration
    /// The size of a step and when the next one is; `nil` outside a handover.
    private var plan: (step: Int, next: Timestamp)?

    /// - Parameter startUp: measured start-up time of the pool; below a second counts as one.
    package init(startUp: Duration) { pause = max(startUp, .seconds(1)) }

    /// How many own workers to drain now.
    ///
    /// - Parameters:
    ///   - own: own workers that are not leaving.
    ///   - leads: whether this scaler leads. When it does again, the handover is off.
    ///   - hasLeader: whether another's decision was seen since this one was deposed.
    package mutating func drains(own: Int, leads: Bool, hasLeader: Bool, at now: Timestamp) -> Int {
        guard !leads, hasLeader, own > 0 else {
            plan = nil
            return 0
        }
        let current = plan ?? (step: (own + 3) / 4, next: now)
        plan = current
        guard now >= current.next else { return 0 }
        plan = (current.step, now + pause)
        return min(current.step, own)
    }
}
