import Clusters
import Foundation
import Jobs
import LoadGenerator
import Logging
import NIOPosix
import Observability
import Operations
import RedisClient
import RedisQueue
import Scaler
import Scaling
import Settings
import Time
import Traffic

/// What `spate bench` measures.
enum BenchCase: String, CaseIterable {
    case queue
    case magika
    case digits
    case idle
    case zero
    case decide
    case memory

    var title: String {
        switch self {
        case .queue: "submit, take and settle jobs of 8 KB through the project's own client"
        case .magika: "Magika, synchronous, binary tensors, 64 connections, beside ONNX Runtime alone"
        case .digits: "digits, synchronous, 64 connections, JSON and binary"
        case .idle: "digits, one connection on an idle system"
        case .zero: "first answer from zero workers, digits"
        case .decide: "one decision of the scaler for 100 models and 4 pools"
        case .memory: "resident memory of gateway and worker"
        }
    }

    func measure(_ plan: BenchPlan) async throws -> [BenchLine] {
        switch self {
        case .queue: try await queue(plan)
        case .magika: try await magika(plan)
        case .digits: try await digits(plan)
        case .idle: try await idle(plan)
        case .zero: try await zero(plan)
        case .decide: decide()
        case .memory: try await MemoryBench.measure(plan)
        }
    }

    private func queue(_ plan: BenchPlan) async throws -> [BenchLine] {
        let folder = URL(fileURLWithPath: "\(plan.folder)/queue").path
        // What an earlier run left.
        if FileManager.default.fileExists(atPath: folder) { try FileManager.default.removeItem(atPath: folder) }
        let logger = LoggingSettings(level: .error).output(role: "bench").makeLogger()
        let redis = try await PrivateRedis(
            directory: RedisDataDirectory(path: folder), settings: RedisSettings(), processes: ChildProcesses(),
            logger: logger)
        do {
            // One core is Redis's: a second event loop would only take turns with it.
            let connections = RedisConnections(
                configuration: try RedisConfiguration(url: redis.url),
                group: MultiThreadedEventLoopGroup(numberOfThreads: 1), logger: logger)
            _ = try await RedisQueueStartCheck(connections).run()
            let logged = try await QueueBenchmark().run(connections)
            try await QueueBenchmark.switchLogOff(connections)
            let unlogged = try await QueueBenchmark().run(connections)
            await redis.stop()
            return [
                BenchLine(
                    name: "queue cycle, 8 KB, append-only file", value: logged.jobsPerSecond, unit: "jobs/s",
                    goal: .atLeast(35_000)),
                BenchLine(
                    name: "queue cycle, 8 KB, memory only", value: unlogged.jobsPerSecond, unit: "jobs/s",
                    goal: .atLeast(35_000)),
            ]
        } catch {
            await redis.stop()
            throw error
        }
    }

    private func magika(_ plan: BenchPlan) async throws -> [BenchLine] {
        let raw = try RawRuntime(config: plan.config, model: "magika", recording: "\(plan.recordings)/magika.jsonl")
        let before = try await raw.rowsPerSecond(for: plan.seconds / 2)
        let report = try await plan.withCluster("magika") { system in
            // Until the scaler has seen the load and both workers run.
            _ = try await plan.load("magika", connections: 64, seconds: 12, on: system)
            return try await plan.load("magika", connections: 64, on: system)
        }
        let after = try await raw.rowsPerSecond(for: plan.seconds / 2)
        let alone = (before + after) / 2
        return [
            BenchLine(name: "Magika, ONNX Runtime alone, 2 x 1 thread", value: alone, unit: "/s"),
            BenchLine(name: "Magika through Spate, binary, 64 connections", value: report.rate, unit: "/s"),
            BenchLine(name: "Magika, share of the raw rate", value: report.rate / alone, unit: "", goal: .atLeast(0.9)),
            try report.verdictLine("Magika"),
        ]
    }

    private func digits(_ plan: BenchPlan) async throws -> [BenchLine] {
        try await plan.withCluster("digits") { system in
            _ = try await plan.load("digits", connections: 64, seconds: 3, on: system)
            let json = try await plan.load("digits", json: true, connections: 64, on: system)
            let before = SystemFigures(of: system)
            let binary = try await plan.load("digits", connections: 64, on: system)
            let after = SystemFigures(of: system)
            return [
                BenchLine(name: "digits, JSON, 64 connections", value: json.rate, unit: "/s", goal: .atLeast(6_000)),
                BenchLine(name: "digits, JSON, p99", value: json.p99, unit: "ms", goal: .below(40)),
                BenchLine(
                    name: "digits, binary, 64 connections", value: binary.rate, unit: "/s", goal: .atLeast(9_000)),
                BenchLine(name: "digits, binary, p99", value: binary.p99, unit: "ms", goal: .below(40)),
                try json.verdictLine("digits JSON"), try binary.verdictLine("digits binary"),
            ] + after.lines(since: before, calls: binary.counts.offered, "digits, binary")
        }
    }

    private func idle(_ plan: BenchPlan) async throws -> [BenchLine] {
        try await plan.withCluster("idle") { system in
            _ = try await plan.load("digits", json: true, connections: 1, seconds: 2, on: system)
            let report = try await plan.load("digits", json: true, connections: 1, seconds: 4, on: system)
            return [
                BenchLine(name: "digits, one connection, p50", value: report.p50, unit: "ms", goal: .below(2)),
                BenchLine(name: "digits, one connection, p99", value: report.p99, unit: "ms"),
            ]
        }
    }

    private func zero(_ plan: BenchPlan) async throws -> [BenchLine] {
        var slowest = 0.0
        var decided = 0.0
        for attempt in 1...3 {
            let (report, delay) = try await plan.withCluster("zero-\(attempt)") { system in
                let began = Date.now.timeIntervalSince1970
                let report = try await plan.load("digits", json: true, connections: 1, seconds: 0.05, on: system)
                return (report, try await firstStart(plan, "zero-\(attempt)") - began)
            }
            slowest = max(slowest, report.slowest / 1_000)
            decided = max(decided, delay * 1_000)
        }
        return [
            BenchLine(
                name: "from before the first request of a burst to the decision, slowest of 3", value: decided,
                unit: "ms", goal: .below(100)),
            BenchLine(
                name: "digits, first answer from zero workers, slowest of 3", value: slowest, unit: "s",
                goal: .below(1.5)),
        ]
    }
}

extension BenchCase {
    /// When the first decision that starts a worker was made, in seconds since the epoch.
    private func firstStart(_ plan: BenchPlan, _ name: String) async throws -> Double {
        let settings = try ClusterSettings.load(path: plan.config, overrides: SettingsOverrides())
        let records = try await OperatorAccess.use(.whole(settings), data: "\(plan.folder)/\(name)") { _, observer in
            try await observer.decisions(newest: 1_000)
        }
        let starts = records.compactMap { RecordedJSON.value(DecisionRecord.self, from: $0) }.filter { $0.starts > 0 }
        guard let first = starts.map({ Double($0.time_ms) / 1_000 }).min() else {
            throw LoadError("\(name): the scaler has started no worker")
        }
        return first
    }

    private func decide() -> [BenchLine] {
        var benchmark = DecideBenchmark()
        var sink = benchmark.decide(2_000)
        let rounds = 20_000
        let preparing = ContinuousClock().measure { sink += benchmark.prepare(rounds) }
        let deciding = ContinuousClock().measure { sink += benchmark.decide(rounds) }
        precondition(sink != 0, "nothing was decided")
        return [
            BenchLine(
                name: "one decision for 100 models and 4 pools",
                value: (deciding - preparing).seconds / Double(rounds) * 1e6, unit: "us", goal: .below(50))
        ]
    }
}

extension TrafficReport {
    /// Finished calls per second.
    var rate: Double { Double(counts.finished) / max(durationSeconds, 1e-9) }
    var p50: Double { (latency?.p50Seconds ?? .infinity) * 1_000 }
    var p99: Double { (latency?.p99Seconds ?? .infinity) * 1_000 }
    var slowest: Double { (latency?.maximumSeconds ?? .infinity) * 1_000 }

    /// Wrong answers make a rate worthless.
    func verdictLine(_ name: String) throws -> BenchLine {
        BenchLine(
            name: "\(name), calls lost, wrong or failed",
            value: Double(counts.lost + counts.wrong + counts.failed + counts.unanswered),
            unit: "of \(counts.offered)", goal: .below(1))
    }
}
