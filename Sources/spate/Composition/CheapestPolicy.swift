import Jobs
import Scaler
import Scaling
import Settings
import Simulator
import Time

/// The cheapest policy that would have kept a share of the deadlines on recorded arrivals, by simulation.
enum CheapestPolicy {
    /// Simulates the model with the most arrivals on the pools that serve it.
    /// - Parameter arrivals: of each minute from `start`, by model; `nil` for a minute that nobody looked at.
    /// - Returns: `nil` when there are no arrivals.
    static func search(
        _ arrivals: [QueueName: [Int?]], start: Timestamp, settings: ClusterSettings, objective: Double
    ) -> CostReport.Cheapest? {
        let sums = arrivals.mapValues { $0.reduce(0) { $0 + ($1 ?? 0) } }
        guard let (queue, total) = sums.max(by: { ($0.value, $1.key.description) < ($1.value, $0.key.description) }),
            total > 0, let model = settings.models.first(where: { $0.queue == queue })
        else { return nil }
        let policy = Policy(scaler: settings.scaler, models: [model], pools: settings.pools)
        guard let served = policy.models.first else { return nil }
        let minute: Int64 = 60_000_000
        // Before and after what a scaler saw nothing ran that a policy could be compared with.
        let counts = arrivals[queue] ?? []
        guard let first = counts.firstIndex(where: { $0 != nil }), let last = counts.lastIndex(where: { $0 != nil })
        else { return nil }
        let trace = Trace(
            name: "recorded", start: Timestamp(microseconds: (start.microseconds / minute + Int64(first)) * minute),
            interval: .seconds(60), counts: counts[first...last].map { $0 ?? 0 })
        let pools = settings.pools.filter { model.pools.contains($0.name) && $0.maximumWorkers > 0 }.map { pool in
            SimulatedPool(
                name: pool.name, startUp: pool.startUpTime, minimum: pool.minimumWorkers, maximum: pool.maximumWorkers,
                pricePerHour: pool.pricePerHour)
        }
        guard !pools.isEmpty else { return nil }
        let scenario = Scenario(
            name: "recorded", summary: "recorded arrivals of \(queue)", trace: trace,
            model: SimulatedModel(
                name: queue.description, cost: served.assumedCost, maximumRows: served.maximumRows,
                deadline: served.deadline), pools: pools)
        guard let best = PolicySearch(scenarios: [scenario], objective: objective).run().best else { return nil }
        return CostReport.Cheapest(
            model: queue.description, policy: best.text, attainment: best.attainment,
            worker_seconds: best.workerSeconds,
            money: best.cost)
    }
}
