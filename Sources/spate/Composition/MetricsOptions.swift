import ArgumentParser
import Foundation
import Logging
import MetricsPort
import NIOPosix
import Observability

/// Where a process without an administration port serves its metrics.
struct MetricsOptions: ParsableArguments {
    private static let variable = "SPATE_METRICS_PORT"

    @Option(
        help: """
            Serve metrics on this port, 0 for a free one, which the log names. SPATE_METRICS_PORT sets another default; without \
            either there is no port.
            """) var metricsPort: Int?
    @Option(help: "Address of the metrics' port; 0.0.0.0 opens it to other machines.") var metricsHost = "127.0.0.1"

    func validate() throws {
        if let metricsPort, !(0...65_535).contains(metricsPort) {
            throw ValidationError("--metrics-port must be 0 to 65535, got: \(metricsPort)")
        }
        _ = try named()
    }

    /// The port that the environment names; an empty variable counts as absent.
    private func named() throws -> Int? {
        guard let text = ProcessInfo.processInfo.environment[Self.variable], !text.isEmpty else { return nil }
        guard let port = Int(text), (0...65_535).contains(port) else {
            throw ValidationError("\(Self.variable) must be a port, 0 to 65535, got: \(text)")
        }
        return port
    }

    func port(serving registry: MetricsRegistry, _ logger: Logger) throws -> Kept {
        let given = try named()
        let port = (metricsPort ?? given).map { port in
            MetricsPort(
                host: metricsHost, port: port, registry: registry, group: MultiThreadedEventLoopGroup.singleton,
                logger: logger)
        }
        return Kept(port: port, logger: logger)
    }

    /// The port, or none.
    struct Kept: Sendable {
        fileprivate let port: MetricsPort?
        fileprivate let logger: Logger

        /// Serves until the task is cancelled. A process works without its metrics, too: a port that is taken is said and no end.
        func run() async {
            do {
                try await port?.run()
            } catch is CancellationError {
                // The process ends.
            } catch {
                logger.error("Metrics are not served", metadata: [LogKeys.reason: "\(error)"])
            }
            // A service that returns ends its group.
            for await _ in AsyncStream(Never.self, { _ in }) {}
        }
    }
}
