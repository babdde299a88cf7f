import ArgumentParser
import Foundation
import Time

/// `spate bench`
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure this machine: the queue alone, ONNX Runtime alone, and the whole system beside it.",
        discussion: """
            Everything runs on this machine at once: gateway, Redis, workers and the load. Ratios are taken within one run;
            absolute figures move with whatever else the machine does.
            """)

    @Option(help: "The cluster file. SPATE_CONFIG names another default.") var config = ClusterOptions.defaultPath
    @Option(help: "Folder with magika.jsonl and digits.jsonl.") var recordings = ".spate/recordings"
    @Option(help: "Seconds of each load.") var seconds: Double = 8
    @Option(help: "Folder for bench.json and the cluster's logs.") var report = ".spate/bench"
    @Option(help: "Only these, separated by commas: \(BenchCase.allCases.map(\.rawValue).joined(separator: ", ")).")
    var only: String?

    func run() async throws {
        do {
            let wanted = try cases()
            let plan = BenchPlan(config: config, recordings: recordings, seconds: seconds, folder: report)
            var lines: [BenchLine] = []
            for item in wanted {
                Terminal.line("-- \(item.rawValue): \(item.title)")
                for line in try await item.measure(plan) {
                    Terminal.line("   " + line.text)
                    lines.append(line)
                }
            }
            try FileManager.default.createDirectory(atPath: report, withIntermediateDirectories: true)
            let path = report + "/bench.json"
            try Data(JSONLines.text(lines).utf8).write(to: URL(fileURLWithPath: path))
            try Terminal.result("\n" + BenchLine.table(lines) + "\n\nwritten to \(path)")
        } catch {
            throw RoleFailure.exit(error)
        }
    }

    private func cases() throws -> [BenchCase] {
        guard let only else { return BenchCase.allCases }
        return try only.split(separator: ",").map { name in
            guard let item = BenchCase(rawValue: String(name)) else {
                throw ValidationError("there is no measurement '\(name)'; --help lists them")
            }
            return item
        }
    }
}
