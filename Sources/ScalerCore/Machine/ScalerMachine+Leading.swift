import Jobs
import Scaling
import Time

/// One of several scalers leads.
extension ScalerMachine {
    /// Takes note that the leadership came or went.
    mutating func noteLeading(at now: Timestamp) -> [ScalerAction] {
        guard plan.hasRivals, !plan.isDryRun else { return [] }
        guard leads else {
            guard deposed == nil else { return [] }
            deposed = now
            return [.note(.isLed)]
        }
        let isNew = deposed != nil || handovers.isEmpty
        if isNew {
            // What it decided and counted while another led was not done here.
            policyState.forgetMoves()
            usage.restart()
        }
        deposed = nil
        handovers = Dictionary(
            plan.pools.map { pool in
                (pool.name, Handover(startUp: fleet.pools[pool.name]?.startUps.measured?.slow ?? pool.assumedStartUp))
            }, uniquingKeysWith: { first, _ in first })
        return isNew ? [.note(.leads)] : []
    }

    /// What a scaler does that does not lead: its own children serve on until another is seen to decide, then leave.
    /// Containers are not its children: whoever leads has adopted them.
    func standBy() -> [ScalerAction] {
        guard let deposed, !handovers.isEmpty, !drainable.isEmpty else { return [] }
        return [.seekLeader(since: deposed)]
    }

    mutating func handOver(hasLeader: Bool, at now: Timestamp) -> [ScalerAction] {
        guard !leads, !isStopping, deposed != nil else { return [] }
        return plan.pools.filter { $0.ordering == .oneByOne(.starter) }.flatMap { pool -> [ScalerAction] in
            let own = fleet.members.filter { $0.value.isOurs && $0.value.pool == pool.name && $0.value.phase == .ready }
            let count = handovers[pool.name]?.drains(own: own.count, leads: false, hasLeader: hasLeader, at: now) ?? 0
            guard count > 0 else { return [] }
            // Idle ones first; a busy one finishes what it holds.
            let order = own.sorted {
                ($0.value.isIdle ? 0 : 1, $0.value.lastActive, $0.key) < (
                    $1.value.isIdle ? 0 : 1, $1.value.lastActive, $1.key
                )
            }
            return drain(order.prefix(count).map(\.key))
        }
    }
}
