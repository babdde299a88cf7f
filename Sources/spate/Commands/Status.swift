import ArgumentParser
import Foundation
import Gateway
import Jobs
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
        let settings = try cluster.load()
        do {
            let queues = settings.models.compactMap(\.queue)
            let status = try await OperatorAccess.use(settings, data: data) { desk, observer in
                try await AdminStatus.read(
                    queues: queues, pools: settings.pools, observer: observer, now: desk.now, decisions: 5)
            }
            Terminal.line(json ? try JSONLines.text(status) : StatusText.text(status))
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
