import ScalerCore
import ArgumentParser
import Clusters
import Foundation
import Gateway
import Inference
import Settings
import Tensors
import Time
import Worker

/// `spate check`
struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the cluster file and every model file; start nothing.",
        discussion: """
            Prints what would be served and exits 0, or every finding with line and column and exits 1. With --load each
            model is also loaded and warmed, in a process of its own: one that aborts is named like any other.
            """)

    @OptionGroup var cluster: ClusterOptions
    @Argument(help: "The cluster file, in place of --config.") var file: String?
    @Flag(help: "Load and warm each model, one after the other, as a worker would.") var load = false
    @Option(help: .hidden) var loadOnly: String?

    func run() async throws {
        if let loadOnly { return try await LoadCheck.loadHere(loadOnly, settings: try cluster.load()) }
        let report: SettingsCheck
        do {
            let environment = try SettingsOverrides(environment: ProcessInfo.processInfo.environment)
            report = SettingsCheck.report(
                path: file ?? cluster.config, overrides: SettingsOverrides(redisURL: cluster.redis).over(environment))
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(1)
        }
        guard let settings = report.settings else {
            Terminal.error(report.description)
            throw ExitCode(1)
        }
        try Terminal.result(report.description)
        let now = Timestamp(microseconds: Int64(Date.now.timeIntervalSince1970 * 1e6))
        for event in settings.scaler.calendar where event.isOver(at: now) {
            Terminal.error(
                "spate: note: the calendar's event '\(event.text)' is over; nothing is expected of it any more")
        }
        var problems = findings(in: settings)
        if load {
            problems += await LoadCheck.problems(of: settings, config: file ?? cluster.config, alreadyKnown: problems)
        }
        guard problems.isEmpty else {
            for problem in problems { Terminal.error(problem) }
            throw ExitCode(1)
        }
    }

    /// What keeps models from being served, as far as looking at files tells.
    private func findings(in settings: ClusterSettings) -> [String] {
        let registry = BackendRegistry(
            runtime: settings.runtime, repository: ModelRepository(path: settings.repository))
        var problems: [String]
        do {
            let catalog = try ModelCatalog.read(settings)
            for model in catalog.models where model.problem == nil {
                Terminal.line("joining  \(model.settings.name): \(model.joining.reason)")
            }
            problems =
                catalog.problems
                + catalog.models.filter { $0.problem == nil }.compactMap {
                    registry.samplesProblem(of: $0.settings, signature: $0.signature)
                }
        } catch {
            problems = "\(error)".split(separator: "\n").map { String($0) }
        }
        if let missing = registry.missingRuntime(for: settings.models) { problems.append(missing) }
        return problems + settings.models.compactMap { Self.poolProblem(of: $0, in: settings) }
    }

    /// Why no pool of the model can have a worker; `nil`: one can.
    private static func poolProblem(of model: ModelSettings, in settings: ClusterSettings) -> String? {
        var reasons: [String] = []
        for name in model.pools {
            guard let pool = settings.pools.first(where: { $0.name == name }) else { continue }
            if pool.driver.registration.ordering != .observed, pool.maximumWorkers == 0 {
                reasons.append("the pool '\(name)' is switched off (maximum_workers: 0)")
            } else if let missing = pool.driver.registration.unavailability(PoolPlace(pool)) {
                reasons.append("the pool '\(name)' can start no worker: \(missing.reason)")
            } else {
                return nil
            }
        }
        return reasons.isEmpty ? nil : "nobody can serve model '\(model.name)': " + reasons.joined(separator: "; ")
    }
}
