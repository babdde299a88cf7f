import ArgumentParser
import Jobs
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
        let known = try options.cluster.loadForOperator(data: options.data)
        let files = known.settings
        let wanted: [(String, String)]
        switch known {
        case .whole: wanted = try take.map { try Self.choice($0, in: files) }
        case .partial(_, let error):
            Terminal.error("\(error)")
            wanted = try take.map { try Self.choice(unchecked: $0) }
        }
        let lines = try await options.connect(files) { connections in
            try await ServedVersions.use(connections) { record in
                let before = try await record.read()
                if !wanted.isEmpty {
                    try await record.set(Dictionary(wanted, uniquingKeysWith: { _, last in last }))
                }
                let after = try await record.read()
                switch known {
                case .whole:
                    return files.models.map {
                        Self.line($0, before: before[$0.name], after: after[$0.name], files: files)
                    }
                case .partial:
                    return after.sorted { $0.key < $1.key }.map { "\($0): version \($1)" }
                }
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

    /// While the file cannot be read: which versions there are is not known.
    private static func choice(unchecked text: String) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1).map { String($0) }
        guard parts.count == 2, QueueName(model: parts[0], version: parts[1]) != nil else {
            throw ValidationError(
                "--take \(text): while something is wrong with the cluster file it has to be MODEL=VERSION")
        }
        Terminal.line("\(parts[0]): whether there is a version '\(parts[1])' was not looked at")
        return (parts[0], parts[1])
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
        if let newer = newer(than: served, in: files) { line += "; \(newer)" }
        return line
    }

    /// What to do about a version that is newer than the one served; `nil`: there is none.
    static func newer(than served: ModelSettings, in files: ClusterSettings) -> String? {
        files.newerVersion(of: served).map {
            "version \($0) is there and not served: spate versions --take \(served.name)"
        }
    }
}
