import Jobs
package import Operations
package import Scaling
package import Time

extension Policy {
    /// The policy with what operators have set by hand, and with the fallback where the data is too old to decide on.
    ///
    /// Both are part of the policy, so a recorded decision can be replayed with what held at its time.
    ///
    /// - Parameter fallback: how many workers a pool keeps at least while the data is too old; `nil`: those that are there.
    package func with(
        _ control: ControlState, fallback: Int?, isStale: Bool, at now: Timestamp
    ) -> Policy {
        var policy = self
        for index in policy.pools.indices {
            let name = policy.pools[index].name
            if let entry = control.entry(.override, name, at: now), let count = entry.count, let until = entry.until {
                policy.pools[index].override = PoolOverride(count: count, expires: until, note: entry.note)
            }
            if control.pause(of: name, at: now) != nil { policy.pools[index].isPaused = true }
            if isStale, let count = fallback {
                // `decide` keeps what is there while data is missing, and never goes below the minimum.
                let floor = min(count, policy.pools[index].maximum)
                policy.pools[index].minimum = max(policy.pools[index].minimum, floor)
            }
        }
        return policy
    }
}
