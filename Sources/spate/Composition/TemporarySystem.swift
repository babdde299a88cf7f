import Clusters
import Foundation

/// A whole system as a child process, on free ports and over a fresh data directory: for rehearsals and benchmarks.
struct TemporarySystem: Sendable {
    let addresses: AddressFile
    let logPath: String
    private let child: ChildProcess
    /// Keeps the thread that watches the child.
    private let processes: ChildProcesses

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// Starts `spate up` and returns when it serves; at most `timeout`.
    static func start(
        config: String, folder: String, arguments: [String] = [], timeout: Duration = .seconds(60)
    ) async throws -> TemporarySystem {
        let files = FileManager.default
        let folder = URL(fileURLWithPath: folder).path
        // What an earlier run left here is its own business; this one starts empty.
        if files.fileExists(atPath: folder) { try files.removeItem(atPath: folder) }
        try files.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let addressFile = folder + "/address.json"
        let logPath = folder + "/spate.log"
        let processes = try ChildProcesses()
        let child = try await processes.start(
            ChildProgram(
                path: ProcessDriver.ownFile, name: "spate",
                arguments: [
                    "up", "--config", config, "--port", "0", "--admin-port", "0", "--data", folder, "--address-file",
                    addressFile, "--private",
                ] + arguments, environment: environment, logPath: logPath))
        let deadline = ContinuousClock.now + timeout
        while child.status == nil, ContinuousClock.now < deadline {
            if let content = files.contents(atPath: addressFile) {
                return TemporarySystem(
                    addresses: try JSONDecoder().decode(AddressFile.self, from: content), logPath: logPath,
                    child: child,
                    processes: processes)
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        await child.terminate(within: .seconds(10))
        let log = (files.contents(atPath: logPath).map { String(decoding: $0.suffix(2_000), as: UTF8.self) }) ?? ""
        throw Failure(description: "the cluster did not start; the end of its log:\n\(log)")
    }

    /// This process's own, without what would lead to a cluster that runs already.
    private static var environment: [String: String] {
        let clusters: Set = ["SPATE_REDIS_URL", "SPATE_CLUSTER"]
        return ProcessInfo.processInfo.environment.filter { !clusters.contains($0.key) }
    }

    var processID: Int32 { child.processID }

    /// Drains and ends it.
    @discardableResult
    func stop() async -> ProcessExit { await child.terminate(within: .seconds(60)) }
}
