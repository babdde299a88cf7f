import ArgumentParser
import Foundation
import Gateway
import Jobs
import Operations
import RedisQueue
import Scaler
import Settings

/// `spate status`
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show queues, pools, workers and the newest decisions of a running cluster.")

    @OptionGroup var cluster: ClusterOptions
    @Option(help: "The folder that `spate up --data` was given.") var data: String?
    @Flag(help: "As JSON, as the administration port gives it.") var json = false

    func run() async throws {
        let known = try cluster.loadForOperator(data: data)
        do {
            let (status, byHand) = try await OperatorAccess.use(known, data: data) { desk, observer in
                // Of the versions that the cluster serves, whatever the files lead to by now.
                let queues = desk.settings.models.compactMap(\.queue)
                let status = try await AdminStatus.read(
                    queues: queues, pools: desk.settings.pools, observer: observer, faults: try await desk.faults(),
                    now: desk.now, decisions: 5)
                let paused = desk.settings.pools.filter(\.isPaused).map { "\($0.name) is paused in the cluster file" }
                let newer = desk.settings.models.compactMap { model in
                    Versions.newer(than: model, in: known.settings).map { "\(model.name): \($0)" }
                }
                return (status, try await desk.control().map { $0.text(at: desk.now) } + paused + newer)
            }
            try Terminal.result(json ? JSONLines.text(status) : StatusText.text(status, byHand: byHand))
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
