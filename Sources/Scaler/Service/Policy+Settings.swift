package import Jobs
package import Scaling
package import Settings

extension Policy {
    /// The policy that the cluster file describes.
    package init(scaler: ScalerSettings, models: [ModelSettings], pools: [PoolSettings]) {
        self.init(
            targetWait: scaler.targetWait, targetUtilization: scaler.targetUtilization,
            scaleInWindow: scaler.scaleInWindow, staleAfter: max(scaler.interval * 3, .seconds(2)),
            budgetPerHour: scaler.budgetPerHour, algorithm: scaler.algorithm,
            models: models.compactMap { ModelPolicy($0) },
            pools: pools.map { PoolPolicy($0, isPaused: scaler.isPaused) })
    }
}

extension ModelPolicy {
    /// `nil` for a model whose name no queue can have.
    fileprivate init?(_ model: ModelSettings) {
        guard let queue = model.queue else { return nil }
        self.init(
            name: queue.description, pools: model.pools, maximumRows: model.batching.maximumRows,
            assumedCost: model.assumedCost, deadline: model.deadline,
            deadlines: model.deadlines.sorted { $0.key < $1.key }.map {
                ClassDeadline(name: JobClass($0.key), deadline: $0.value)
            })
    }
}

extension JobClass {
    package init(_ priority: PriorityClass) {
        self =
            switch priority {
            case .high: .high
            case .normal: .normal
            case .low: .low
            }
    }
}

extension PoolPolicy {
    fileprivate init(_ pool: PoolSettings, isPaused: Bool) {
        self.init(
            name: pool.name, minimum: pool.minimumWorkers, maximum: pool.maximumWorkers,
            pricePerHour: pool.pricePerHour, assumedStartUp: pool.startUpTime,
            scaleOutLimit: pool.scaleOutRate.map { RateLimit(workers: $0.workers, per: $0.per) },
            scaleInLimit: pool.scaleInRate.map { RateLimit(workers: $0.workers, per: $0.per) },
            scaleInWindow: pool.scaleInWindow, isPaused: pool.isPaused || isPaused)
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
