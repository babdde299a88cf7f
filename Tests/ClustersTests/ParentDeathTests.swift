import Clusters
import Glibc
import Settings
import Testing

/// A second process of this test program plays the scaler; it is killed, and its worker must not stay.
@Suite("Death of the parent", .timeLimit(.minutes(1)))
struct ParentDeathTests {
    private static let variable = "SPATE_TEST_PARENT_FIFO"
    private static var fifoPath: String? { getenv(variable).map { String(cString: $0) } }

    @Test("when the parent is killed with SIGKILL its workers end")
    func workersEndWithParent() async throws {
        let children = try ChildProcesses()
        try await withFIFO { fifo in
            let parent = try await children.start(
                ChildProgram(
                    path: "/proc/self/exe", arguments: Self.rerun("parentBody"),
                    environment: Self.environment(adding: [Self.variable: fifo.path]), logPath: "/dev/null"))
            let worker = try #require(Int32(await fifo.readLine()))
            #expect(parent.status == nil)
            #expect(Glibc.kill(worker, 0) == 0)
            // The process alone, not its group: nothing but the kernel tells the worker.
            Glibc.kill(parent.processID, SIGKILL)
            #expect(try await parent.exit() == .signal(SIGKILL))
            #expect(await hasEnded(worker, within: .seconds(10)))
        }
    }

    /// The body of the second process: not a test of its own.
    @Test(.enabled(if: ParentDeathTests.fifoPath != nil))
    func parentBody() async throws {
        let path = try #require(Self.fifoPath)
        let driver = ProcessDriver(
            children: try ChildProcesses(), executable: "/bin/sh",
            arguments: { _, _ in ["-c", "echo $$ > \(path); exec sleep 1000"] })
        _ = try await driver.start(in: PoolSettings())
        for await case .exited in driver.events { Issue.record("the worker ended before its parent") }
    }

    /// This program's own arguments, with a filter for one test.
    private static func rerun(_ test: String) -> [String] {
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

    private static func environment(adding more: [String: String]) -> [String: String] {
        var environment = more
        for name in ["PATH", "HOME", "LD_LIBRARY_PATH"] {
            environment[name] = getenv(name).map { String(cString: $0) }
        }
        return environment
    }
}
