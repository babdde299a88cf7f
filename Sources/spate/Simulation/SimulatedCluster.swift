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
        for (name, value, least) in [
            ("maximum-rows", maximumRows, 1), ("instances", instances, 1), ("minimum", minimum, 0),
            ("maximum", maximum, 1),
        ] {
            if let value, !(least...1_000_000).contains(value) {
                throw ValidationError("--\(name) must be a whole number from \(least) to 1000000, got \(value)")
            }
        }
        if let minimum, let maximum, minimum > maximum {
            throw ValidationError("--minimum \(minimum) is above --maximum \(maximum)")
        }
        if let interval, interval < .milliseconds(1) { throw ValidationError("--interval must be at least 1ms") }
        if model != nil, config == nil {
            throw ValidationError("--model names a model of a cluster file; give the file, too: --config")
        }
    }

    /// What `spate` starts from.
    func policy() throws -> Policy { try file()?.policy ?? Scenario.defaults }

    private func file() throws -> SimulatedFile? { try config.map { try ClusterFile.read($0, model: model) } }

    func over(_ scenario: Scenario) throws -> Scenario {
        var changed = scenario
        changed.model.cost = ServiceCost(
            fixed: fixedCost ?? changed.model.cost.fixed,
            perRow: rowCost ?? changed.model.cost.perRow,
            instances: instances ?? changed.model.cost.instances)
        guard changed.model.cost.fixed + changed.model.cost.perRow > .zero else {
            throw SimulationFailure("a batch must take some time: give --row-cost or --fixed-cost above 0")
        }
        if let maximumRows { changed.model.maximumRows = maximumRows }
        if let deadline { changed.model.deadline = deadline > .zero ? deadline : nil }
        if let interval { changed.lookInterval = interval }
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
        return try over(
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
        return try over(
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
