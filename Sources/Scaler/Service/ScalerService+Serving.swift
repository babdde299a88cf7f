import Clocks
import Clusters
package import Jobs
import Logging
import Observability
import ScalerCore
package import Settings
import Time

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

extension ScalerService {
    /// Shows the machine the faults of models, with what their files are now.
    package func lookAtFailedModels() async {
        // Whoever does not lead would read the files for nothing.
        guard let serving, machine.leads else { return }
        let faults = serving.current().all.compactMap { fault -> ScalerEvent.StampedFault? in
            guard fault.queue != nil,
                let model = configuration.models.first(where: { $0.queue?.description == fault.queue })
            else { return nil }
            return ScalerEvent.StampedFault(fault: fault, stamp: serving.stamp(model))
        }
        await enter(.faultsSeen(faults))
    }

    /// Takes all faults of models off: they are tried again at once.
    func retryFailedModels() async {
        guard let serving else { return }
        await enter(.retryAsked(serving.current()))
    }

    /// Says once of each newer version that is there and not served.
    func lookAtVersions() {
        for model in configuration.models {
            guard let newer = configuration.cluster.newerVersion(of: model), saidVersions[model.name] != newer else {
                continue
            }
            saidVersions[model.name] = newer
            logger.notice(
                "A newer version of a model is there and not served",
                metadata: [
                    LogKeys.modelName: "\(model.name)", LogKeys.modelVersion: "\(newer)",
                    LogKeys.reason:
                        "version \(model.version) is served until `spate up` starts again, or until `spate versions --take \(model.name)` and a restart of gateways and workers",
                ])
        }
    }

    func say(_ fault: ServingFault) async -> ScalerResult? {
        guard let serving else { return nil }
        do {
            try await serving.board.put(fault)
            return .poolFaultSaid(pool: fault.pool, reason: fault.reason, at: fault.since)
        } catch {
            noteUnwritten(error)
            return nil
        }
    }

    func clear(_ pool: String) async -> ScalerResult? {
        guard let serving else { return nil }
        do {
            try await serving.board.clear(pool: pool, queue: nil)
            return .poolFaultCleared(pool: pool)
        } catch {
            noteUnwritten(error)
            return nil
        }
    }

    /// It is tried again with the next look.
    private func noteUnwritten(_ error: QueueError) {
        logger.debug("What pools can serve was not written", metadata: [LogKeys.reason: "\(error)"])
    }

    func retry(_ fault: ServingFault, because reason: String) async {
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
