import Jobs
import Scaler
import Scaling
import Settings
import Simulator
import Time

/// What a simulation takes from a cluster file: the policy, the pools of one model, and its cost.
enum ClusterFile {
    static func read(_ path: String, model name: String?) throws -> SimulatedFile {
        let settings: ClusterSettings
        do {
            settings = try ClusterSettings.load(path: path)
        } catch {
            throw SimulationFailure("\(error)")
        }
        let policy = Policy(scaler: settings.scaler, models: settings.models, pools: settings.pools)
        let names = settings.models.map(\.name)
        guard let model = settings.models.first(where: { name == nil || $0.name == name }), let queue = model.queue,
            let known = policy.models.first(where: { $0.name == queue.description })
        else { throw SimulationFailure("\(path) has no model '\(name ?? "")'; it has \(names)") }
        let pools = settings.pools.filter { known.pools.contains($0.name) }.map { pool in
            SimulatedPool(
                name: pool.name, startUp: pool.startUpTime, minimum: pool.minimumWorkers,
                maximum: pool.maximumWorkers, pricePerHour: pool.pricePerHour)
        }
        return SimulatedFile(
            policy: policy,
            model: SimulatedModel(
                name: known.name, cost: known.assumedCost, maximumRows: known.maximumRows, deadline: known.deadline),
            pools: pools, interval: settings.scaler.interval)
    }
}
