import Jobs
package import Scaling
package import Settings

extension Policy {
    /// The policy that the cluster file describes.
    package init(scaler: ScalerSettings, models: [ModelSettings], pools: [PoolSettings]) {
        self.init(
            targetWait: scaler.targetWait, targetUtilization: scaler.targetUtilization,
            scaleInWindow: scaler.scaleInWindow, staleAfter: max(scaler.interval * 3, .seconds(2)),
            models: models.compactMap { model in
                guard let queue = model.queue else { return nil }
                return ModelPolicy(
                    name: queue.description, pools: model.pools, maximumRows: model.batching.maximumRows,
                    assumedCost: model.assumedCost)
            },
            pools: pools.map { pool in
                PoolPolicy(
                    name: pool.name, minimum: pool.minimumWorkers, maximum: pool.maximumWorkers,
                    pricePerHour: pool.pricePerHour, assumedStartUp: pool.startUpTime)
            })
    }
}

extension ModelSettings {
    /// What a batch is taken to cost until a worker has measured it: as declared, or 5 ms and 5 ms a row.
    fileprivate var assumedCost: ServiceCost {
        switch backend {
        case .onnxruntime(let options):
            ServiceCost(fixed: .milliseconds(5), perRow: .milliseconds(5), instances: options.instances)
        case .synthetic(let options):
            ServiceCost(fixed: options.fixedCost, perRow: options.costPerRow, instances: options.instances)
        }
    }
}
