import ArgumentParser
import Foundation
import Gateway
import Jobs
import RedisQueue
import Settings

/// `spate status`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show queues, pools, workers and the newest decisions of a running cluster.")

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The folder that `spate up --data` was given.") var data: String?
    @Flag(help: "As JSON, as the administration port gives it.") var json = false

    func run() async throws {
        let settings = try cluster.load()
        do {
            let queues = settings.models.compactMap(\.queue)
            let status = try await QueueReader.read(settings, data: data) { observer, clock in
                try await AdminStatus.read(
                    queues: queues, pools: settings.pools, observer: observer, now: clock.now(), decisions: 5)
            }
            Terminal.line(json ? try JSONLines.text(status) : StatusText.text(status))
        } catch {
            throw RoleFailure.exit(error)
        }
    }
}

/// `spate decisions`
struct Decisions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what the scaler decided, and why, newest first.")

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The folder that `spate up --data` was given.") var data: String?
    @Option(help: "How many, 1 to 10000.") var count = 20
    @Flag(help: "One JSON document a line, with inputs, candidates and guards.") var json = false

    func validate() throws {
        guard (1...10_000).contains(count) else { throw ValidationError("--count must be 1 to 10000") }
    }

    func run() async throws {
        let settings = try cluster.load()
        do {
            let count = self.count
            let decisions = try await QueueReader.read(settings, data: data) { observer, _ in
                try await observer.decisions(newest: count)
            }
            if decisions.isEmpty { Terminal.line("no decision is recorded") }
            for decision in decisions { Terminal.line(json ? decision : StatusText.decision(decision)) }
        } catch {
            throw RoleFailure.exit(error)
        }
    }
}

enum JSONLines {
    static func text(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
