import Jobs
import Time

/// What was said and seen of faults.
struct ServingNotes: Sendable {
    enum PoolNote: Sendable {
        case said(String, at: Timestamp)
        case cleared
    }

    /// What the board holds of pools, as far as it was written here.
    var pools: [String: PoolNote] = [:]
    /// By pool and queue: the files as they were when the fault was first seen.
    var stamps: [String: String] = [:]
}

/// Which pools can have no workers, and which models are to be tried again.
extension ScalerMachine {
    /// How long what is said of a pool holds, and how often it is said again.
    private static let poolFaultHolds = Duration.seconds(90)
    private static let poolFaultRepeats = Duration.seconds(30)

    /// Says which pools can never have a worker.
    func sayPoolFaults(_ circumstances: ScalerEvent.Circumstances, at now: Timestamp) -> [ScalerAction] {
        plan.pools.compactMap { pool in
            let said = serving.pools[pool.name]
            guard let reason = emptiness(of: pool, circumstances) else {
                if case .cleared = said { return nil }
                return .clearPoolFault(pool: pool.name)
            }
            if case .said(reason, let time) = said, now - time <= Self.poolFaultRepeats { return nil }
            return .sayPoolFault(
                ServingFault(
                    .pool, pool: pool.name, queue: nil, reason: reason, since: now, until: now + Self.poolFaultHolds))
        }
    }

    /// Why the pool will have no worker whatever waits; `nil`: it may have some.
    private func emptiness(of pool: ScalerPlan.Pool, _ circumstances: ScalerEvent.Circumstances) -> String? {
        guard pool.ordering != .observed else { return nil }
        if pool.maximum == 0 { return "the pool '\(pool.name)' is switched off (maximum_workers: 0)" }
        guard let missing = circumstances.unavailable[pool.name], missing.span == .lasting else { return nil }
        return fleet.members.values.contains { $0.pool == pool.name }
            ? nil : "the pool '\(pool.name)' can start no worker: \(missing.reason)"
    }

    /// Takes a fault off whose model's files are others now: it is tried again at once.
    mutating func note(_ faults: [ScalerEvent.StampedFault]) -> [ScalerAction] {
        guard leads else { return [] }
        var stamps: [String: String] = [:]
        var actions: [ScalerAction] = []
        for seen in faults {
            let key = "\(seen.fault.pool) \(seen.fault.queue ?? "")"
            if let before = serving.stamps[key], before != seen.stamp {
                actions.append(.retry(seen.fault, because: "its files changed"))
            } else {
                stamps[key] = seen.stamp
            }
        }
        serving.stamps = stamps
        return actions
    }

    /// Takes all faults of models off: they are tried again at once.
    func retry(_ faults: ServingFaults) -> [ScalerAction] {
        faults.all.filter { $0.queue != nil }.map { .retry($0, because: "it was asked for") }
    }
}
