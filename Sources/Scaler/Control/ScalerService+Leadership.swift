import ScalerCore
import Foundation
import Jobs
import Logging
import Observability
import Scaling
import Settings
import Time

extension ScalerService {
    /// Whether this scaler may act at this moment.
    package var leads: Bool { !configuration.isDryRun && (leadership.map { $0.term() != nil } ?? true) }

    /// Says when the leadership came or went.
    func noteLeading() {
        guard leadership != nil, !configuration.isDryRun else { return }
        if leads {
            if deposed != nil || handovers.isEmpty {
                logger.notice("This scaler leads")
                // What it decided and counted while another led was not done here.
                policyState.forgetMoves()
                usageMeter.restart()
            }
            deposed = nil
            handovers = Dictionary(
                configuration.pools.map { pool in
                    (pool.name, Handover(startUp: fleet.pools[pool.name]?.startUps.measured?.slow ?? pool.startUpTime))
                }, uniquingKeysWith: { first, _ in first })
        } else if deposed == nil {
            deposed = time.now()
            logger.notice("Another scaler leads, or none; this one observes")
        }
    }

    /// What a scaler does that does not lead: its own children serve on until another is seen to decide, then leave.
    /// Containers are not its children: whoever leads has adopted them.
    func standBy(at now: Timestamp) async {
        guard let deposed, !handovers.isEmpty, !drainable.isEmpty else { return }
        let hasLeader = await hasDecided(since: deposed)
        for pool in configuration.pools where ordering(of: pool.name) == .oneByOne(.starter) {
            let own = fleet.members.values.filter { $0.isOurs && $0.pool == pool.name && $0.phase == .ready }.count
            let count = handovers[pool.name]?.drains(own: own, leads: false, hasLeader: hasLeader, at: now) ?? 0
            if count > 0 { await drain(count, of: pool.name) }
        }
    }

    /// Whether anybody decided after `time`.
    private func hasDecided(since time: Timestamp) async -> Bool {
        do {
            let newest = try await observer.decisions(newest: 1).first
            let record = newest.flatMap { RecordedJSON.value(DecisionRecord.self, from: $0) }
            return record.map { !$0.dry_run && $0.time_ms > time.milliseconds } ?? false
        } catch {
            logger.debug("The newest decision was not read", metadata: [LogKeys.reason: "\(error)"])
            return false
        }
    }
}
