import ArgumentParser
import RedisQueue
import Settings

/// `spate versions`
struct Versions: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which version of each model the running cluster serves, or have it take another.",
        discussion: """
            A new folder in the repository changes nothing under a running cluster. `--take MODEL` writes its newest
            version into the cluster's record, `--take MODEL=VERSION` that one; gateways and workers take it with their next
            start. Jobs that wait for the old version run as long as workers are there that serve it: restart gateways
            first, workers once `spate status` shows none of them.
            """)

    @OptionGroup var options: OperatorOptions
    @Option(help: "MODEL or MODEL=VERSION; may be given several times.") var take: [String] = []

    func run() async throws {
        let files = try options.cluster.load()
        let wanted = try take.map { try Self.choice($0, in: files) }
        let lines = try await options.connect { connections in
            try await ServedVersions.use(connections) { record in
                let before = try await record.read()
                if !wanted.isEmpty {
                    try await record.set(Dictionary(wanted, uniquingKeysWith: { _, last in last }))
                }
                let after = try await record.read()
                return files.models.map { Self.line($0, before: before[$0.name], after: after[$0.name], files: files) }
            }
        }
        for line in lines { Terminal.line(line) }
    }

    private static func choice(_ text: String, in files: ClusterSettings) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0) }
        guard let model = files.models.first(where: { $0.name == parts.first }) else {
            let known = files.models.map(\.name).joined(separator: ", ")
            throw ValidationError("--take \(text): there is no such model; the cluster file has: \(known)")
        }
        let version = parts.count > 1 ? parts[1] : files.newerVersion(of: model) ?? model.version
        guard files.hasVersion(version, of: model) else {
            throw ValidationError(
                "--take \(text): there is no version '\(version)' of '\(model.name)' in the repository")
        }
        return (model.name, version)
    }

    private static func line(
        _ model: ModelSettings, before: String?, after: String?, files: ClusterSettings
    ) -> String {
        guard let after else {
            return "\(model.name): no cluster has served it yet; a start takes version \(model.version)"
        }
        var line = "\(model.name): version \(after)"
        if let before, before != after { line += " from the next starts on (\(before) before)" }
        var served = model
        served.version = after
        if let newer = files.newerVersion(of: served) {
            line += "; version \(newer) is there and not served: spate versions --take \(model.name)"
        }
        return line
    }
}
