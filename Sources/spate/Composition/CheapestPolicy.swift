import Jobs
import Operations
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
        guard let queue = sums.max(by: { ($0.value, $1.key.description) < ($1.value, $0.key.description) })?.key,
            let model = settings.models.first(where: { $0.queue == queue }),
            let served = Policy(scaler: settings.scaler, models: [model], pools: settings.pools).models.first
        else { return nil }
        let pools = settings.pools.filter { model.pools.contains($0.name) && $0.maximumWorkers > 0 }.map { pool in
            SimulatedPool(
                name: pool.name, startUp: pool.startUpTime, minimum: pool.minimumWorkers, maximum: pool.maximumWorkers,
                pricePerHour: pool.pricePerHour)
        }
        let scenario = Scenario.recorded(
            counts: arrivals[queue] ?? [], from: start,
            model: SimulatedModel(
                name: queue.description, cost: served.assumedCost, maximumRows: served.maximumRows,
                deadline: served.deadline), pools: pools)
        guard let scenario, let best = PolicySearch(scenarios: [scenario], objective: objective).run().best else {
            return nil
        }
        return CostReport.Cheapest(
            model: queue.description, policy: best.text, attainment: best.attainment,
            worker_seconds: best.workerSeconds, money: best.cost)
    }
}
