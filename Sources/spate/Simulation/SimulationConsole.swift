import Foundation
import Scaling
import Settings
import Simulator
import Time
import Traffic

/// Files and lines of `spate simulate`.
final class SimulationConsole {
    private let isTerminal = isatty(STDERR_FILENO) == 1

    /// One line that is drawn over; nothing where nobody watches.
    func show(_ text: String) {
        guard isTerminal else { return }
        Terminal.draw("\r" + text.prefix(110) + "\u{1B}[K")
    }

    func clear() {
        if isTerminal { Terminal.draw("\r\u{1B}[K") }
    }

    static func list() throws {
        for scenario in BuiltInScenario.allCases {
            try Terminal.result(scenario.rawValue.padding(toLength: 20, withPad: " ", startingAt: 0) + scenario.summary)
        }
    }

    /// Policies separated by spaces, or by commas that are not parameters of the one before.
    static func names(_ text: String) -> [String] {
        var names: [String] = []
        for word in text.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init) {
            if word.contains("="), !word.contains(":"), let last = names.indices.last {
                names[last] += "," + word
            } else {
                names.append(word)
            }
        }
        return names
    }

    static func text(of path: String) throws -> String {
        do {
            return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch {
            throw SimulationFailure(
                "\(path) is no built-in trace (see --list) and cannot be read: \(SettingsPath.problem(withFile: path) ?? "it is no text")"
            )
        }
    }

    static func realRun(_ path: String) throws -> RealRun {
        let report: TrafficReport
        do {
            report = try JSONDecoder().decode(TrafficReport.self, from: Data(contentsOf: URL(filePath: path)))
        } catch {
            throw SimulationFailure("\(path) is no report of spate load or spate rehearse: \(error)")
        }
        guard let run = RealRun(report) else {
            throw SimulationFailure("\(path): the cluster was not observed in that run, so there is nothing to compare")
        }
        return run
    }

    static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        try write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", to: path)
    }

    static func write(_ text: String, to path: String) throws {
        let url = URL(filePath: path)
        do {
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url, options: .atomic)
        } catch {
            throw SimulationFailure("\(path) cannot be written: \(error)")
        }
    }

    /// `nil` where there is no such file, or none that can be read: then nothing is said of it.
    static func read<Value: Decodable>(_ type: Value.Type, from path: String) -> Value? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        // A report of another kind or version is no report: the caller says so.
        return try? JSONDecoder().decode(type, from: data)
    }

    static func benchmark(_ result: SimulationResult, made: Duration, took: Duration) -> String {
        """
        \(result.jobs) requests, up to \(result.peak) workers, \(result.batches) batches, \(result.decisions) decisions
        trace made in \(made.seconds) s, simulated in \(took.seconds) s on one core
        \(result.onTime) in time, \(Int(result.workerSeconds)) worker-seconds, \(result.starts) starts
        """
    }
}

/// What keeps a simulation from running.
struct SimulationFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
