import Foundation
import LoadGenerator
import Time
import Traffic

/// What all measurements share.
struct BenchPlan: Sendable {
    var config: String
    var recordings: String
    var seconds: Double
    var folder: String

    /// A fresh cluster for one measurement.
    func cluster(_ name: String) async throws -> TemporarySystem {
        try await TemporarySystem.start(config: config, folder: "\(folder)/\(name)")
    }

    /// A closed loop over `connections`, each with one call at a time.
    func load(
        _ recording: String, json: Bool = false, connections: Int, seconds: Double? = nil, on system: TemporarySystem
    ) async throws -> TrafficReport {
        let report = try await LoadRun(
            load: .closed(
                connections: connections, duration: .milliseconds(Int64((seconds ?? self.seconds) * 1_000)),
                asynchronousShare: 0),
            recording: Recording.read(path: "\(recordings)/\(recording).jsonl"), encoding: json ? .json : .binary,
            target: LoadTarget(system.addresses.http), admin: nil, seed: 1, runID: BootID.make("bench"),
            started: Date.now.ISO8601Format()
        ).run()
        guard report.latency != nil else {
            let reason = report.reasons.first?.text ?? "nobody says why"
            throw LoadError("\(recording): none of \(report.counts.offered) calls was answered: \(reason)")
        }
        return report
    }

    /// Runs `body` on a fresh cluster and ends it.
    func withCluster<R>(_ name: String, _ body: (TemporarySystem) async throws -> R) async throws -> R {
        let system = try await cluster(name)
        do {
            let result = try await body(system)
            await system.stop()
            return result
        } catch {
            await system.stop()
            throw error
        }
    }
}
