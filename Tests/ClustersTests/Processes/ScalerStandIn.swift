import Clusters
import Glibc
import Settings
import ScalerCore
import Testing

/// A second process of this test program that plays a scaler with one worker, and is killed with SIGKILL.
struct ScalerStandIn {
    static let fifoVariable = "FIFO"
    static let scriptVariable = "SPATE_TEST_SCRIPT"
    static let clusterVariable = "SPATE_TEST_CLUSTER"

    static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Starts the second process, waits for the line that its worker writes to `$FIFO`, and kills it: the process alone,
    /// not its group, so that nothing but the kernel tells the worker.
    /// - Returns: the worker's line.
    static func killed(_ children: ChildProcesses, running script: String, cluster: String) async throws -> String {
        var line = ""
        try await withFIFO { fifo in
            let parent = try await children.start(
                ChildProgram(
                    path: "/proc/self/exe", arguments: rerun("scalerStandInBody"),
                    environment: environment([
                        fifoVariable: fifo.path, scriptVariable: script, clusterVariable: cluster,
                    ]), logPath: "/dev/null"))
            line = await fifo.readLine()
            #expect(parent.status == nil)
            Glibc.kill(parent.processID, SIGKILL)
            #expect(try await parent.exit() == .signal(SIGKILL))
        }
        return line
    }

    /// This program's own arguments, with a filter for one test.
    static func rerun(_ test: String) -> [String] {
        var arguments: [String] = []
        var rest = CommandLine.arguments.dropFirst()[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--filter", "--skip", "--xunit-output", "--event-stream-output-path", "--configuration-path":
                rest = rest.dropFirst()
            default: arguments.append(argument)
            }
        }
        return arguments + ["--filter", test]
    }

    static func environment(_ more: [String: String]) -> [String: String] {
        var environment = more
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] { environment[name] = variable(name) }
        return environment
    }
}

/// The body of the second process: not a test of its own.
@Test(.enabled(if: ScalerStandIn.variable(ScalerStandIn.scriptVariable) != nil))
func scalerStandInBody() async throws {
    let script = try #require(ScalerStandIn.variable(ScalerStandIn.scriptVariable))
    let driver = ProcessDriver(
        children: try ChildProcesses(), executable: "/bin/sh",
        killMargin: .zero, cluster: ScalerStandIn.variable(ScalerStandIn.clusterVariable) ?? "spate",
        arguments: { _, worker in ["-c", script, worker] })
    _ = try await driver.start(in: PoolPlace(drainTimeout: .milliseconds(300)))
    for await case .exited in driver.events { Issue.record("the worker ended before its parent") }
}
