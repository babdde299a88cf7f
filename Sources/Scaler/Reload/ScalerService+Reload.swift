import ScalerCore
import Clusters
import Logging
import Observability
import Scaling
package import Settings
import Clocks

extension ScalerService {
    /// Looks whether a file changed; called every second.
    package func lookAtFiles() {
        guard files != nil else { return }
        reload(isAsked: false)
    }

    /// Reads the files again now, changed or not (SIGHUP, or over the administration API).
    package func reloadNow() async {
        reload(isAsked: true)
        await retryFailedModels()
    }

    func reload(isAsked: Bool) {
        guard let change = files?.look(isAsked: isAsked) else {
            if isAsked, files == nil { logger.notice("There are no files to read again") }
            return
        }
        switch change {
        case .settings(let settings): apply(settings, isAsked: isAsked)
        case .failure(let error):
            for finding in error.diagnostics {
                logger.error(
                    "The changed files are not taken; the old settings hold",
                    metadata: [LogKeys.reason: "\(finding)"])
            }
        }
    }

    /// Goes on with other settings, as far as that is possible without a restart.
    package func apply(_ settings: ClusterSettings, isAsked: Bool = false) {
        let merge = SettingsMerge(from: configuration.cluster, to: settings) { pool in
            drivers[pool.driver].map { $0.unavailability(of: PoolPlace(pool))?.span != .untilRestart } ?? false
        }
        for difference in merge.waiting {
            logger.warning(
                "A changed setting counts from the next start", metadata: [LogKeys.reason: "\(difference)"])
        }
        guard !merge.applied.isEmpty else {
            if isAsked || merge.waiting.isEmpty { logger.info("The files hold the same policy") }
            return
        }
        for difference in merge.applied {
            logger.notice("A setting changed", metadata: [LogKeys.reason: "\(difference)"])
        }
        configuration.cluster = merge.merged
        policy = Policy(
            scaler: configuration.settings, models: configuration.models, pools: configuration.pools)
        wake.raise()
    }
}
