import ArgumentParser
import Foundation
import Scaling
import Simulator
import Time
import Traffic

/// What of the simulated cluster is set by hand. Built-in traces bring their own; what is given here goes over it.
struct SimulatedCluster: ParsableArguments {
    @Option(help: "A cluster file: its policy, and for traces from files its pools and the model's declared cost.")
    var config: String?
    @Option(help: "The model of the cluster file. Default: its first.") var model: String?
    @Option(help: "Time that a batch takes beside its rows, as in 5ms.", transform: TimeOption.parse) var fixedCost:
        Duration?
    @Option(help: "Time that a row takes. Default 20ms.", transform: TimeOption.parse) var rowCost: Duration?
    @Option(help: "Rows of a full batch. Default 1.") var maximumRows: Int?
    @Option(help: "Batches side by side on a worker. Default 1.") var instances: Int?
    @Option(help: "From arrival to result; 0s: none. Default 30s.", transform: TimeOption.parse)
    var deadline: Duration?
    @Option(help: "Time that a worker takes to start. Default 10s.", transform: TimeOption.parse) var startUp: Duration?
    @Option(help: "Workers that stay without work.") var minimum: Int?
    @Option(help: "Most workers. Default 100.") var maximum: Int?
    @Option(help: "Money per worker and hour.") var price: Double?
    @Option(help: "Time between two looks of the scaler. Default 250ms.", transform: TimeOption.parse)
    var interval: Duration?

    func validate() throws {
        if let price, !(price >= 0 && price < 1e9) { throw ValidationError("--price must be from 0 to 1e9") }
        for (name, value) in [
            ("maximum-rows", maximumRows), ("instances", instances), ("minimum", minimum), ("maximum", maximum),
        ] {
            if let value, !(0...1_000_000).contains(value) { throw ValidationError("--\(name) must be a count") }
        }
    }

    /// What `spate` starts from.
    func policy() throws -> Policy { try file()?.policy ?? Scenario.defaults }

    private func file() throws -> SimulatedFile? { try config.map { try ClusterFile.read($0, model: model) } }

    func over(_ scenario: Scenario) -> Scenario {
        var changed = scenario
        changed.model.cost = ServiceCost(
            fixed: fixedCost ?? changed.model.cost.fixed,
            perRow: rowCost ?? changed.model.cost.perRow,
            instances: instances ?? changed.model.cost.instances)
        if let maximumRows { changed.model.maximumRows = max(maximumRows, 1) }
        if let deadline { changed.model.deadline = deadline > .zero ? deadline : nil }
        if let interval { changed.lookInterval = max(interval, .milliseconds(1)) }
        for pool in changed.pools.indices {
            if let startUp { changed.pools[pool].startUp = startUp }
            if let maximum { changed.pools[pool].maximum = maximum }
            if let minimum { changed.pools[pool].minimum = min(minimum, changed.pools[pool].maximum) }
            if let price { changed.pools[pool].pricePerHour = price }
        }
        return changed
    }

    func scenario(file: String, seed: UInt64) throws -> Scenario {
        let text = try SimulationConsole.text(of: file)
        let trace: Trace
        do {
            trace = try TraceFile.parse(text, name: URL(filePath: file).lastPathComponent, seed: seed)
        } catch {
            throw SimulationFailure("\(file): \(error)")
        }
        let known = try self.file()
        return over(
            Scenario(
                name: trace.name, summary: "read from \(file)", trace: trace, model: known?.model ?? Self.model,
                pools: known?.pools ?? [SimulatedPool(maximum: 100)],
                lookInterval: known?.interval ?? .milliseconds(250), seed: seed))
    }

    func scenario(of run: RealRun, seed: UInt64) throws -> Scenario {
        let known = try file()
        var model = known?.model ?? Self.model
        model.deadline = run.report.description.deadlineSeconds.map { .microseconds($0 * 1e6) }
        let pools = run.pools(startUps: [:], fallback: .seconds(1))
        return over(
            Scenario(
                name: run.report.description.profile, summary: "as it was run", trace: run.trace(seed: seed),
                model: model,
                pools: pools, lookInterval: known?.interval ?? .milliseconds(250), seed: seed))
    }

    private static var model: SimulatedModel {
        SimulatedModel(
            name: "model", cost: ServiceCost(fixed: .zero, perRow: .milliseconds(20)), maximumRows: 1,
            deadline: .seconds(30))
    }
}
