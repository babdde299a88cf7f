import Clusters
import Logging
import Observability
import ScalerCore
package import Settings
import Clocks

extension ScalerService {
    /// Looks whether a file changed; called every second.
    package func lookAtFiles() async {
        guard files != nil, let event = reload(isAsked: false) else { return }
        await enter(event)
    }

    /// Reads the files again now, changed or not (SIGHUP, or over the administration API).
    package func reloadNow() async {
        if let event = reload(isAsked: true) { await enter(event) }
        await retryFailedModels()
    }

    /// Goes on with other settings, as far as that is possible without a restart.
    package func apply(_ settings: ClusterSettings) async {
        if let event = merge(settings, isAsked: false) { await enter(event) }
    }

    /// - Returns: what there is to tell the machine.
    func reload(isAsked: Bool) -> ScalerEvent? {
        guard let change = files?.look(isAsked: isAsked) else {
            if isAsked, files == nil { logger.notice("There are no files to read again") }
            return nil
        }
        switch change {
        case .settings(let settings): return merge(settings, isAsked: isAsked)
        case .failure(let error):
            for finding in error.diagnostics {
                logger.error(
                    "The changed files are not taken; the old settings hold", metadata: [LogKeys.reason: "\(finding)"])
            }
            return nil
        }
    }

    private func merge(_ settings: ClusterSettings, isAsked: Bool) -> ScalerEvent? {
        let merge = SettingsMerge(from: configuration.cluster, to: settings) { pool in
            drivers[pool.driver].map { $0.unavailability(of: PoolPlace(pool))?.span != .untilRestart } ?? false
        }
        for difference in merge.waiting {
            logger.warning("A changed setting counts from the next start", metadata: [LogKeys.reason: "\(difference)"])
        }
        guard !merge.applied.isEmpty else {
            if isAsked || merge.waiting.isEmpty { logger.info("The files hold the same policy") }
            return nil
        }
        for difference in merge.applied {
            logger.notice("A setting changed", metadata: [LogKeys.reason: "\(difference)"])
        }
        configuration.cluster = merge.merged
        return .planned(
            ScalerPlan(configuration, orderings: drivers.mapValues(\.ordering), hasRivals: leadership != nil))
    }
}
