package import Settings

/// What of newly read settings counts at once, and what waits for a restart.
///
/// | at once | with a restart |
/// |---|---|
/// | the section `scaler` | redis, gateway, repository, runtime, logging, kubernetes |
/// | counts, price, times, rates, windows and pause of a pool | its device, its driver and the driver's section |
/// | a new pool whose driver takes it | one of a driver that knows the pools of its start |
/// | a pool that is gone: it gets no more workers | |
/// | pools and deadlines of a model | everything else of it, and another set of models |
package struct SettingsMerge: Sendable, Equatable {
    package var merged: ClusterSettings
    /// What changes now.
    package var applied: [SettingsDifference]
    /// What changes with the next start.
    package var waiting: [SettingsDifference]

    /// - Parameter takes: whether a pool that is new can have workers before the next start.
    package init(from old: ClusterSettings, to new: ClusterSettings, takes: (PoolSettings) -> Bool) {
        var merged = old
        merged.scaler = new.scaler
        merged.pools = new.pools.compactMap { pool in
            guard let known = old.pools.first(where: { $0.name == pool.name }) else {
                return takes(pool) ? pool : nil
            }
            var merged = pool
            merged.device = known.device
            merged.driver = known.driver
            merged.process = known.process
            merged.containers = known.containers
            merged.kubernetes = known.kubernetes
            return merged
        }
        for gone in old.pools where !new.pools.contains(where: { $0.name == gone.name }) {
            // Its workers finish what they hold; then they are idle, and leave.
            var pool = gone
            pool.minimumWorkers = 0
            pool.maximumWorkers = 0
            merged.pools.append(pool)
        }
        for index in merged.models.indices {
            guard let model = new.models.first(where: { $0.queue == merged.models[index].queue }) else { continue }
            let pools = model.pools.filter { name in merged.pools.contains { $0.name == name } }
            if !pools.isEmpty { merged.models[index].pools = pools }
            merged.models[index].deadline = model.deadline
            merged.models[index].deadlines = model.deadlines
        }
        self.merged = merged
        applied = SettingsDifference.between(old, merged)
        waiting = SettingsDifference.between(merged, new).filter { difference in
            !new.pools.allSatisfy { !difference.key.hasPrefix("pools.\($0.name).") }
                || !difference.key.hasPrefix("pools.")
        }
    }
}
