package import Operations
import ScalerCore
package import Jobs
import Scaling
package import Settings
package import Time

/// The pools of a cluster at one moment, with what is set by hand, as far as Redis knows it.
package struct PoolsReport: Sendable, Equatable, Codable {
    package struct Pool: Sendable, Equatable, Codable {
        package var name: String
        package var device: String
        package var driver: String
        package var minimum: Int
        package var maximum: Int
        package var price_per_hour: Double
        /// By the newest decision; `nil` while there is none.
        package var wanted: Int?
        package var starting: Int
        package var busy: Int
        package var idle: Int
        package var draining: Int
        package var start_up_p50_ms: Int64?
        package var start_up_p95_ms: Int64?
        /// Of the workers that are there now.
        package var cost_per_hour: Double
        package var paused: Bool
        /// In words, what is set by hand for it or for one of its workers.
        package var by_hand: [String]
        package var reason: String?
        /// What its workers cannot serve, and why: `QueueName.description`, or `*` for everything.
        package var cannot_serve: [String: String]?
    }

    package var time_ms: Int64
    package var pools: [Pool]
    /// Kept as set, for programs.
    package var control: [ControlEntry]

    package init(
        pools settings: [PoolSettings], reports: [WorkerReport], control: ControlState, decisions: [DecisionRecord],
        faults: ServingFaults = ServingFaults(), at now: Timestamp
    ) {
        time_ms = now.milliseconds
        self.control = control.current(at: now).filter { $0.kind != .reload }
        var fleet = Fleet()
        _ = fleet.note(reports, at: now)
        let entries = self.control
        pools = settings.map { pool in
            let seen = fleet.observation(of: pool.name, unavailable: nil, at: now)
            let decision = decisions.first { $0.pool == pool.name }
            let refused = Dictionary(
                faults.current(at: now).filter { $0.pool == pool.name }.map { ($0.queue ?? "*", $0.reason) },
                uniquingKeysWith: { first, _ in first })
            let workers = seen.starting.count + seen.ready + seen.draining + seen.leaving
            let hand = entries.filter { entry in
                switch entry.kind {
                case .override: entry.subject == pool.name
                case .pause: entry.subject == pool.name || entry.subject == ControlEntry.everything
                case .protect, .leave: fleet.members[entry.subject]?.pool == pool.name
                case .reload: false
                }
            }
            return Pool(
                name: pool.name, device: pool.device.rawValue, driver: pool.driver.rawValue,
                minimum: pool.minimumWorkers, maximum: pool.maximumWorkers, price_per_hour: pool.pricePerHour,
                wanted: decision?.wanted, starting: seen.starting.count, busy: seen.busy, idle: seen.idle,
                draining: seen.draining + seen.leaving, start_up_p50_ms: seen.startUp?.median.wholeMilliseconds,
                start_up_p95_ms: seen.startUp?.slow.wholeMilliseconds,
                cost_per_hour: Double(workers) * pool.pricePerHour,
                paused: pool.isPaused || control.pause(of: pool.name, at: now) != nil,
                by_hand: hand.map { $0.text(at: now) }, reason: decision?.reason,
                cannot_serve: refused.isEmpty ? nil : refused)
        }
    }

    /// For people.
    package var text: String {
        pools.flatMap { pool -> [String] in
            let ready = "\(pool.busy) busy, \(pool.idle) idle, \(pool.starting) starting, \(pool.draining) draining"
            let wanted = pool.wanted.map { "\($0) wanted; " } ?? ""
            var lines = [
                "\(pool.name) (\(pool.device), \(pool.driver), \(pool.minimum) to \(pool.maximum)): \(wanted)\(ready)"
            ]
            if let median = pool.start_up_p50_ms, let slow = pool.start_up_p95_ms {
                lines.append("  start-up  \(median) ms median, \(slow) ms p95")
            }
            if pool.price_per_hour > 0 {
                lines.append(
                    "  cost      \(ExplanationText.number(pool.cost_per_hour)) an hour now,"
                        + " \(ExplanationText.number(pool.price_per_hour)) a worker")
            }
            lines += pool.by_hand.map { "  by hand   \($0)" }
            if pool.paused, pool.by_hand.isEmpty { lines.append("  paused    by the cluster file") }
            for (queue, reason) in (pool.cannot_serve ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines.append("  cannot    serve \(queue == "*" ? "anything" : queue): \(reason)")
            }
            if let reason = pool.reason { lines.append("  why       \(reason)") }
            return lines
        }.joined(separator: "\n")
    }
}
