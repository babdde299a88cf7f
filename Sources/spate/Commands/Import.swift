import ArgumentParser
import Foundation
import PolicyImport
import Settings
import Time

/// `spate import`
struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Translate a KEDA ScaledObject or a HorizontalPodAutoscaler into a policy of Spate.",
        discussion: """
            Prints the sections `pools` and `scaler` of a cluster file, each key with the line it came from, and on \
            standard error a line for everything that is different here or has no equivalent (docs/importing.md). \
            Exits 1 where nothing can be translated.
            """)

    @Argument(help: "A manifest in YAML, of several documents or one; - for standard input.") var file: String
    @Flag(help: "Into Spate's own algorithm, with what comes nearest, instead of the same algorithm by name.")
    var native = false
    @Option(help: "How long one job takes, as in 50ms: makes a wait of a number of jobs a worker. With --native only.")
    var jobTime: String?
    @Option(help: "Name of the pool that takes the limits.") var pool = "cpu"
    @Option(help: "Write to this file instead of standard output; one that exists is not overwritten.") var out: String?

    func validate() throws {
        if let jobTime {
            guard native else { throw ValidationError("--job-time is for --native; otherwise nothing needs it") }
            guard let time = Duration(text: jobTime), time > .zero else {
                throw ValidationError("--job-time is a duration above zero with its unit, as in 50ms")
            }
        }
    }

    func run() throws {
        let imported: ImportedPolicy
        do {
            let target: ImportOptions.Target =
                native ? .native(jobTime: jobTime.flatMap { Duration(text: $0) }) : .sameAlgorithm
            imported = try importPolicy(from: try text(), options: ImportOptions(pool: pool, target: target))
        } catch let error as ImportError {
            Terminal.error("\(file):\(error)")
            throw ExitCode(1)
        } catch let failure as SettingsFile.Failure {
            Terminal.error("spate: \(file): \(failure.message)")
            throw ExitCode(1)
        }
        for note in imported.notes {
            Terminal.error("\(file):\(note.line): \(note.severity.rawValue): \(note.what): \(note.why)")
        }
        guard let out else { return try Terminal.result(String(imported.yaml.dropLast())) }
        do {
            try Data(imported.yaml.utf8).write(to: URL(fileURLWithPath: out), options: .withoutOverwriting)
        } catch {
            Terminal.error("spate: \(out) cannot be written: \(error.localizedDescription)")
            throw ExitCode(1)
        }
    }

    private func text() throws(SettingsFile.Failure) -> String {
        guard file == "-" else { return try SettingsFile.read(file, limit: Self.maximumBytes) }
        let bytes: Data
        do {
            bytes = try FileHandle.standardInput.read(upToCount: Self.maximumBytes + 1) ?? Data()
        } catch {
            throw .unreadable(error.localizedDescription)
        }
        guard bytes.count <= Self.maximumBytes else { throw .tooLarge(limit: Self.maximumBytes) }
        guard let text = String(data: bytes, encoding: .utf8) else { throw .notUTF8 }
        return text
    }

    /// Manifests of a whole cluster fit in.
    private static let maximumBytes = 16 << 20
}
