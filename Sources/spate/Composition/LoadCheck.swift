import ArgumentParser
import Foundation
import Inference
import Settings
import Tensors
import Time
import Worker

/// Loads models for `spate check --load`: each in a process of its own, so that one that ends it is a finding like any
/// other.
enum LoadCheck {
    /// Loads the model in this process and prints how that went.
    static func loadHere(_ name: String, settings: ClusterSettings) async throws {
        guard let model = settings.models.first(where: { $0.name == name }) else {
            Terminal.error("there is no model '\(name)'")
            throw ExitCode(66)
        }
        let registry = BackendRegistry(
            runtime: settings.runtime, repository: ModelRepository(path: settings.repository))
        do {
            let report = try await ModelTrial.load(model) { model throws(InferenceError) in try registry.load(model) }
            let costs = report.costs.map { "\($0.rows) \($0.rows == 1 ? "row" : "rows") in \(text($0.cost))" }
            let warm =
                costs.isEmpty
                ? "; it could not be warmed on made-up inputs" : "; warm: \(costs.joined(separator: ", "))"
            Terminal.line(
                "loads    \(name): loaded and warmed in \(text(report.took))\(warm); \(report.joining.reason)")
        } catch {
            Terminal.error("\(error)")
            throw ExitCode(69)
        }
    }

    /// - Returns: what is wrong, one text a model. Prints the others as they come.
    static func problems(
        of settings: ClusterSettings, config: String, alreadyKnown: [String]
    ) async -> [String] {
        var problems: [String] = []
        for model in settings.models {
            let ending = await run(
                ["check", "--config", config, "--load-only", model.name], within: model.loadBound())
            if !ending.output.isEmpty { Terminal.line(ending.output) }
            guard let problem = ending.problem else { continue }
            if !alreadyKnown.contains(where: { $0.contains(problem) || problem.contains($0) }) {
                problems.append("model '\(model.name)' cannot be served: \(problem)")
            }
        }
        return problems
    }

    private struct Ending: Sendable {
        var output: String
        var problem: String?
    }

    private static func run(_ arguments: [String], within bound: Duration) async -> Ending {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        var environment = ProcessInfo.processInfo.environment
        // A backtrace takes longer than the check.
        environment["SWIFT_BACKTRACE"] = "enable=no"
        process.environment = environment
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        let (ends, ended) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in ended.finish() }
        do {
            try process.run()
        } catch {
            return Ending(output: "", problem: "no process for it can be started: \(error)")
        }
        async let text = read(output)
        async let error = read(errors)
        let watchdog = Task {
            try await Task.sleep(for: bound)
            process.terminate()
        }
        for await _ in ends {}
        watchdog.cancel()
        return Ending(output: await text, problem: problem(process, await error, bound: bound))
    }

    private static func problem(_ process: Process, _ errors: String, bound: Duration) -> String? {
        switch process.terminationReason {
        case .uncaughtSignal where process.terminationStatus == SIGTERM:
            return "it was not loaded and warmed within \(bound.text) (load_timeout in its model.yaml)"
        case .uncaughtSignal:
            let name = strsignal(process.terminationStatus).map { String(cString: $0) } ?? "unknown"
            let last = errors.split(separator: "\n").last.map { ": \($0)" } ?? ""
            return "the process that loads or warms it ends by signal \(process.terminationStatus) (\(name))\(last)"
        case .exit where process.terminationStatus == 0: return nil
        case .exit: return errors.isEmpty ? "it ends with status \(process.terminationStatus)" : errors
        @unknown default: return "it ends in an unknown way"
        }
    }

    private static func read(_ pipe: Pipe) async -> String {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                let data = pipe.fileHandleForReading.readDataToEndOfFile()
                continuation.resume(
                    returning: String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
    }

    private static func text(_ duration: Duration) -> String {
        let milliseconds = duration / .milliseconds(1)
        return milliseconds < 1_000
            ? String(format: "%.2f ms", milliseconds) : String(format: "%.1f s", milliseconds / 1_000)
    }
}
