package import Jobs
package import Operations
import Scaling
package import Settings
package import Time

extension DecisionArchive {
    /// The settings that the cluster runs with, as its newest recorded decision has them.
    ///
    /// Pools with their limits, prices and windows, and models with their versions and pools, are those of the record; what a
    /// record does not hold (devices, drivers) is taken from `settings` where that has a pool of the name, else a default.
    /// - Returns: `nil` while no decision is on record, or one that this version cannot read.
    package func running(
        over settings: ClusterSettings, at now: Timestamp
    ) async throws(QueueError) -> ClusterSettings? {
        guard let look = try await look(notAfter: now), let json = try await policy(look.policy),
            let policy = RecordedJSON.value(Policy.self, from: json)
        else { return nil }
        var running = settings
        running.pools = policy.pools.map { pool in
            var known = settings.pools.first { $0.name == pool.name } ?? PoolSettings(name: pool.name)
            known.minimumWorkers = pool.minimum
            known.maximumWorkers = pool.maximum
            known.pricePerHour = pool.pricePerHour
            known.startUpTime = pool.assumedStartUp
            return known
        }
        running.models = policy.models.compactMap { model in
            guard let queue = QueueName(model.name) else { return nil }
            return ModelSettings(
                name: queue.model, version: queue.version, pools: model.pools, deadline: model.deadline)
        }
        return running
    }
}
