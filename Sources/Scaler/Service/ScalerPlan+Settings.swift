import ScalerCore
import Scaling
import Settings

extension ScalerPlan {
    /// - Parameter orderings: what the drivers declare; a pool whose driver is not among them is only observed.
    init(
        _ configuration: ScalerService.Configuration, orderings: [PoolSettings.Driver: WorkerOrdering], hasRivals: Bool
    ) {
        self.init(
            policy: Policy(scaler: configuration.settings, models: configuration.models, pools: configuration.pools),
            pools: configuration.pools.map { pool in
                Pool(
                    name: pool.name, ordering: orderings[pool.driver] ?? .observed, maximum: pool.maximumWorkers,
                    pricePerHour: pool.pricePerHour, assumedStartUp: pool.startUpTime)
            },
            models: configuration.models.compactMap { model in
                model.queue.map { Model(queue: $0, pools: model.pools, loadBound: model.loadBound()) }
            }, fallback: configuration.settings.fallback.workers, isDryRun: configuration.isDryRun,
            hasRivals: hasRivals, startLimit: configuration.startLimit, silenceLimit: configuration.silenceLimit)
    }
}

extension ScalerSettings.Fallback {
    /// How many workers a pool keeps at least; `nil`: those that are there.
    fileprivate var workers: Int? {
        switch self {
        case .hold: nil
        case .workers(let count): count
        }
    }
}
