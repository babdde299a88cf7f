import ScalerCore
import Jobs
package import Settings

extension ScalerService {
    package struct Configuration: Sendable {
        /// The settings that count now.
        package var cluster: ClusterSettings
        /// Decide and record, and do nothing. Default false.
        package var isDryRun: Bool
        /// Time between observations while nothing moves. Default 1 s; a submit does not wait for it.
        package var idleInterval: Duration
        /// A start may take this long, or ten times the slowest seen, before the worker is killed. Default 120 s.
        package var startLimit: Duration
        /// A ready worker that has not reported for this long is killed: its lease ended long before. Default 60 s.
        package var silenceLimit: Duration

        package var settings: ScalerSettings { cluster.scaler }
        package var models: [ModelSettings] { cluster.models }
        package var pools: [PoolSettings] { cluster.pools }

        package init(
            settings: ScalerSettings, models: [ModelSettings], pools: [PoolSettings], isDryRun: Bool = false,
            idleInterval: Duration = .seconds(1), startLimit: Duration = .seconds(120),
            silenceLimit: Duration = .seconds(60)
        ) {
            cluster = ClusterSettings(models: models, pools: pools, scaler: settings)
            self.isDryRun = isDryRun
            self.idleInterval = idleInterval
            self.startLimit = startLimit
            self.silenceLimit = silenceLimit
        }

        package init(_ settings: ClusterSettings, isDryRun: Bool = false) {
            self.init(settings: settings.scaler, models: settings.models, pools: settings.pools, isDryRun: isDryRun)
            cluster = settings
        }

        /// The queues of all models.
        var queues: [QueueName] { models.compactMap(\.queue) }

        /// The queues that workers of this pool take from.
        func queues(of pool: String) -> [QueueName] {
            models.filter { $0.pools.contains(pool) }.compactMap(\.queue)
        }
    }
}
