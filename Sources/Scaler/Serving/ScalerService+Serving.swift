import ScalerCore
import Clusters
package import Jobs
import Logging
import Observability
import Scaling
package import Settings
import Synchronization
import Time
import Clocks

/// Where the scaler reads what cannot be served, and says which pools can serve nobody.
package struct ServingSight: Sendable {
    let board: any LoadBoard
    let current: @Sendable () -> ServingFaults
    let stamp: @Sendable (ModelSettings) -> String

    /// - Parameters:
    ///   - current: what cannot be served, as it is known now; asked with every look, so it must be quick.
    ///   - stamp: another text once the model's files changed.
    package init(
        board: any LoadBoard, current: @escaping @Sendable () -> ServingFaults,
        stamp: @escaping @Sendable (ModelSettings) -> String
    ) {
        self.board = board
        self.current = current
        self.stamp = stamp
    }
}

/// What the scaler has said and seen of faults.
struct ServingNotes: Sendable {
    /// By pool: why it serves nobody, and when that was written last.
    var pools: [String: (reason: String, at: Timestamp)] = [:]
    /// By pool and queue: the files as they were when the fault was first seen.
    var stamps: [String: String] = [:]
    var hasWrittenPools = false
    /// By model: the newer version that was said to be there.
    var newer: [String: String] = [:]
}

extension ScalerService {
    /// How long what is said of a pool holds, and how often it is said again.
    private static let poolFaultHolds = Duration.seconds(90)
    private static let poolFaultRepeats = Duration.seconds(30)

    /// The pools that cannot serve a model, for its observation.
    func unservable(_ queue: QueueName, at now: Timestamp) -> [String]? {
        guard let serving, let model = configuration.models.first(where: { $0.queue == queue }) else { return nil }
        let pools = serving.current().unable(
            toServe: queue, of: model.pools, serving: fleet.pools(serving: queue), at: now)
        return pools.isEmpty ? nil : pools
    }

    /// Says which pools can never have a worker.
    func publishPools(at now: Timestamp) async {
        guard let serving else { return }
        for pool in configuration.pools {
            let reason = emptiness(of: pool)
            let said = servingNotes.pools[pool.name]
            do {
                if let reason {
                    guard said?.reason != reason || now - (said?.at ?? .zero) > Self.poolFaultRepeats else { continue }
                    try await serving.board.put(
                        ServingFault(
                            .pool, pool: pool.name, queue: nil, reason: reason, since: now,
                            until: now + Self.poolFaultHolds))
                    servingNotes.pools[pool.name] = (reason, now)
                } else if said != nil || !servingNotes.hasWrittenPools {
                    try await serving.board.clear(pool: pool.name, queue: nil)
                    servingNotes.pools[pool.name] = nil
                }
            } catch {
                // It is tried again with the next look.
                return logger.debug("What pools can serve was not written", metadata: [LogKeys.reason: "\(error)"])
            }
        }
        servingNotes.hasWrittenPools = true
    }

    /// Why the pool will have no worker whatever waits; `nil`: it may have some.
    private func emptiness(of pool: PoolSettings) -> String? {
        guard ordering(of: pool.name) != .observed else { return nil }
        if pool.maximumWorkers == 0 { return "the pool '\(pool.name)' is switched off (maximum_workers: 0)" }
        guard let missing = drivers[pool.driver]?.unavailability(of: PoolPlace(pool)), missing.span == .lasting else {
            return nil
        }
        return fleet.members.values.contains { $0.pool == pool.name }
            ? nil : "the pool '\(pool.name)' can start no worker: \(missing.reason)"
    }

    /// The queues with waiting jobs, where the scaler starts workers one by one: a worker that a long run of such a queue
    /// holds up does not count, and another one takes its place. Where a count is the order it cannot be told apart.
    func heldUpQueues(of pool: PoolSettings) -> Set<String> {
        ordering(of: pool.name).isOneByOne ? sight.waiting : []
    }

    /// The workers that do not count are there all the same: so many fewer may be started.
    func withinMaximum(_ policy: Policy) -> Policy {
        var policy = policy
        for index in policy.pools.indices {
            guard let pool = configuration.pools.first(where: { $0.name == policy.pools[index].name }) else { continue }
            let heldUp = fleet.heldUp(in: pool.name, beforeAnyOf: heldUpQueues(of: pool))
            guard heldUp > 0 else { continue }
            policy.pools[index].maximum = max(policy.pools[index].maximum - heldUp, 0)
            policy.pools[index].minimum = min(policy.pools[index].minimum, policy.pools[index].maximum)
        }
        return policy
    }

    /// Takes a fault off whose model's files are others now: it is tried again at once.
    package func lookAtFailedModels() async {
        guard let serving, leads else { return }
        let faults = serving.current().all.filter { $0.queue != nil }
        var stamps: [String: String] = [:]
        for fault in faults {
            guard let model = configuration.models.first(where: { $0.queue?.description == fault.queue }) else {
                continue
            }
            let key = "\(fault.pool) \(fault.queue ?? "")"
            let stamp = serving.stamp(model)
            if let before = servingNotes.stamps[key], before != stamp {
                await retry(fault, because: "its files changed")
            } else {
                stamps[key] = stamp
            }
        }
        servingNotes.stamps = stamps
    }

    /// Says once of each newer version that is there and not served.
    func lookAtVersions() {
        for model in configuration.models {
            guard let newer = configuration.cluster.newerVersion(of: model), servingNotes.newer[model.name] != newer
            else { continue }
            servingNotes.newer[model.name] = newer
            logger.notice(
                "A newer version of a model is there and not served",
                metadata: [
                    LogKeys.modelName: "\(model.name)", LogKeys.modelVersion: "\(newer)",
                    LogKeys.reason:
                        "version \(model.version) is served until `spate up` starts again, or until `spate versions --take \(model.name)` and a restart of gateways and workers",
                ])
        }
    }

    /// Takes all faults of models off: they are tried again at once.
    func retryFailedModels() async {
        guard let serving else { return }
        for fault in serving.current().all where fault.queue != nil { await retry(fault, because: "it was asked for") }
    }

    private func retry(_ fault: ServingFault, because reason: String) async {
        guard let serving, let queue = fault.queue.flatMap({ QueueName($0) }) else { return }
        do {
            try await serving.board.clear(pool: fault.pool, queue: queue)
            logger.notice(
                "A model that could not be served is tried again",
                metadata: [
                    LogKeys.modelName: "\(queue.model)", LogKeys.pool: "\(fault.pool)", LogKeys.reason: "\(reason)",
                ])
            wake.raise()
        } catch {
            logger.warning(
                "A model that could not be served is not tried again yet", metadata: [LogKeys.reason: "\(error)"])
        }
    }
}
