import Clusters
import Foundation
import LoadGenerator
import Settings
import Time
import Traffic

/// Resident memory: a gateway over a deep queue, and a worker with nothing to do.
enum MemoryBench {
    static func measure(_ plan: BenchPlan) async throws -> [BenchLine] {
        let folder = URL(fileURLWithPath: "\(plan.folder)/memory").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return [try await gateway(plan, folder), try await worker(plan, folder)]
    }

    /// 10,000 jobs of 8 KB wait, since no worker may start.
    private static func gateway(_ plan: BenchPlan, _ folder: String) async throws -> BenchLine {
        var small = plan
        small.config = try write("gateway", to: folder, plan, models: ["magika"], isPaused: true)
        let (accepted, memory) = try await small.withCluster("memory-gateway") { system in
            let accepted = try await submitBurst(plan, to: system)
            return (accepted, ProcessFigures.residentBytes(system.processID))
        }
        return BenchLine(
            name: "gateway (with scaler) over \(accepted) waiting 8 KB jobs", value: Double(memory) / 1e6, unit: "MB",
            goal: .below(150))
    }

    /// - Returns: how many jobs were accepted; none of them is followed.
    private static func submitBurst(_ plan: BenchPlan, to system: TemporarySystem) async throws -> Int {
        let options = LoadOptions(maximumFollowers: 1, followUp: .milliseconds(500), longPoll: .milliseconds(100))
        let run = try LoadRun(
            load: .open(try burst(), speed: 1, keeping: .rates),
            recording: Recording.read(path: "\(plan.recordings)/magika.jsonl"),
            target: LoadTarget(system.addresses.http), admin: nil, seed: 1, runID: BootID.make("memory"),
            started: Date.now.ISO8601Format(), options: options)
        return try await run.run().counts.accepted
    }

    /// 2,000 asynchronous calls a second for five seconds.
    private static func burst() throws -> LoadProfile {
        LoadProfile(
            name: "burst",
            arrivals: try ArrivalProfile(points: [
                .init(at: .zero, callsPerMinute: 120_000), .init(at: .seconds(5), callsPerMinute: 120_000),
            ]), process: .even, asynchronousShare: 1)
    }

    private static func worker(_ plan: BenchPlan, _ folder: String) async throws -> BenchLine {
        var small = plan
        small.config = try write("worker", to: folder, plan, models: ["digits"], isPaused: false)
        let memory = try await small.withCluster("memory-worker") { [small] system in
            _ = try await small.load("digits", connections: 1, seconds: 1, on: system)
            return workerMemory(of: system)
        }
        guard let memory else { throw LoadError("the worker to measure is gone") }
        return BenchLine(
            name: "idle worker with digits", value: Double(memory) / 1e6, unit: "MB", goal: .below(80))
    }

    private static func workerMemory(of system: TemporarySystem) -> Int? {
        ProcessFigures.children(of: system.processID)
            .filter { ProcessFigures.commandLine($0).contains(" worker ") }
            .map(ProcessFigures.residentBytes).max()
    }

    private static func write(
        _ name: String, to folder: String, _ plan: BenchPlan, models: [String], isPaused: Bool
    ) throws -> String {
        let path = "\(folder)/\(name).yaml"
        try configuration(plan, models: models, isPaused: isPaused)
            .write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private static func configuration(_ plan: BenchPlan, models: [String], isPaused: Bool) throws -> String {
        let repository = try ClusterSettings.load(path: plan.config).repository
        return """
            repository: \(repository)
            models: [\(models.joined(separator: ", "))]
            pools:
              - {name: cpu, device: cpu, maximum_workers: 1, paused: \(isPaused)}

            """
    }
}
