import ScalerCore
import Clusters
import Jobs
import Scaling
import Settings
import Time

/// The scaler at one moment, for the administration API and the command line.
package struct ScalerStatus: Sendable, Equatable, Codable {
    package struct Pool: Sendable, Equatable, Codable {
        package var name: String
        package var device: String
        package var driver: String
        /// Why no worker of it can be started; `nil`: they can.
        package var unavailable: String?
        package var minimum: Int
        package var maximum: Int
        package var price_per_hour: Double
        /// `nil` before the first decision.
        package var wanted: Int?
        package var starting: Int
        package var busy: Int
        package var idle: Int
        package var draining: Int
        package var start_up_p50_ms: Int64?
        package var start_up_p95_ms: Int64?
        package var starts_succeeded: Int
        package var starts_failed: Int
        /// The last decision in words; `nil` before it.
        package var reason: String?
    }

    package struct Worker: Sendable, Equatable, Codable {
        package var id: String
        package var pool: String
        package var phase: String
        package var held: Int
        package var settled: Int
        package var memory_bytes: Int
        package var age_ms: Int64
        package var idle_ms: Int64
    }

    package var time_ms: Int64
    /// How old what it saw of the queue is; `nil`: it never saw it.
    package var sight_age_ms: Int64?
    package var dry_run: Bool
    package var pools: [Pool]
    package var workers: [Worker]
    /// Models with work that no pool can serve.
    package var unserved: [String]
    /// Newest first.
    package var decisions: [DecisionRecord]
}

extension ScalerService {
    /// Everything the scaler knows now, with its newest decisions (it keeps 1,000).
    package func status(decisions count: Int = 20) -> ScalerStatus {
        let now = time.now()
        return ScalerStatus(
            time_ms: now.milliseconds, sight_age_ms: sight.read.map { (now - $0).wholeMilliseconds },
            dry_run: configuration.isDryRun, pools: configuration.pools.map { status(of: $0, at: now) },
            workers: fleet.members.sorted { $0.key < $1.key }.map { id, member in
                ScalerStatus.Worker(
                    id: id, pool: member.pool, phase: member.phase.rawValue, held: member.report?.held ?? 0,
                    settled: member.report?.settled ?? 0, memory_bytes: member.report?.memory ?? 0,
                    age_ms: (now - member.started).wholeMilliseconds,
                    idle_ms: member.isIdle ? (now - member.lastActive).wholeMilliseconds : 0)
            }, unserved: lastDecision?.unserved.map(\.model) ?? [], decisions: log.newest(count))
    }

    private func status(of pool: PoolSettings, at now: Timestamp) -> ScalerStatus.Pool {
        let unavailable = drivers[pool.driver]?.unavailability(of: PoolPlace(pool))?.reason
        let seen = fleet.observation(of: pool.name, unavailable: unavailable, at: now)
        let decision = lastDecision?.pools.first { $0.pool == pool.name }
        return ScalerStatus.Pool(
            name: pool.name, device: pool.device.rawValue, driver: pool.driver.rawValue, unavailable: unavailable,
            minimum: pool.minimumWorkers, maximum: pool.maximumWorkers, price_per_hour: pool.pricePerHour,
            wanted: decision?.wanted, starting: seen.starting.count, busy: seen.busy, idle: seen.idle,
            draining: seen.draining, start_up_p50_ms: seen.startUp?.median.wholeMilliseconds,
            start_up_p95_ms: seen.startUp?.slow.wholeMilliseconds, starts_succeeded: seen.startsSucceeded,
            starts_failed: seen.startsFailed, reason: decision?.reason)
    }
}
