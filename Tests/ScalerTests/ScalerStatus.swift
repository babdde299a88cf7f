import Clusters
import Scaler
import ScalerCore
import Scaling
import Settings
import Time

/// What a scaler knows at one moment.
struct ScalerStatus: Sendable {
    struct Pool: Sendable {
        var name: String
        /// Why no worker of it can be started; `nil`: they can.
        var unavailable: String?
        /// `nil` before the first decision.
        var wanted: Int?
        var starting: Int
        var busy: Int
        var idle: Int
        var draining: Int
        var starts_failed: Int
        /// The last decision in words; `nil` before it.
        var reason: String?
    }

    var pools: [Pool]
    /// Models with work that no pool can serve.
    var unserved: [String]
}

extension ScalerService {
    /// What it knows now.
    func status() -> ScalerStatus {
        ScalerStatus(
            pools: configuration.pools.map { status(of: $0) },
            unserved: machine.lastDecision?.unserved.map(\.model) ?? [])
    }

    private func status(of pool: PoolSettings) -> ScalerStatus.Pool {
        let unavailable = drivers[pool.driver]?.unavailability(of: PoolPlace(pool))?.reason
        let seen = machine.fleet.observation(of: pool.name, unavailable: unavailable, at: .zero)
        let decision = machine.lastDecision?.pools.first { $0.pool == pool.name }
        return ScalerStatus.Pool(
            name: pool.name, unavailable: unavailable, wanted: decision?.wanted, starting: seen.starting.count,
            busy: seen.busy, idle: seen.idle, draining: seen.draining, starts_failed: seen.startsFailed,
            reason: decision?.reason)
    }
}
