import CProcess
import Clusters
import Glibc
import TestSupport
import Testing

/// Process 1 of a container is given the orphans of others. A second process of this test program plays it.
@Suite("Orphans of others", .timeLimit(.minutes(1)))
struct OrphanReapingTests {
    @Test("their ends are noted, and none is taken for a child of ours")
    func reaped() async throws {
        let children = try ChildProcesses()
        var environment = ScalerStandIn.environment([:])
        environment[InitStandIn.variable] = "1"
        let standIn = try await children.start(
            ChildProgram(
                path: "/proc/self/exe", arguments: ScalerStandIn.rerun("initStandInBody"), environment: environment,
                logPath: "/dev/null"))
        #expect(try await standIn.exit() == .code(0))
    }
}

enum InitStandIn {
    static let variable = "SPATE_TEST_INIT"
}

/// The body of the second process: not a test of its own.
@Test(.enabled(if: ScalerStandIn.variable(InitStandIn.variable) != nil))
func initStandInBody() async throws {
    spate_adopt_orphans()
    let children = try ChildProcesses(orphans: .reaped)
    for number in 1...20 {
        try await withFIFO { fifo in
            // What setsid starts loses its parent at once, and is in no group of ours.
            let orphaning = try await children.start(
                ChildProgram(
                    path: "/bin/sh", arguments: ["-c", "setsid -f sh -c 'echo $$ > \(fifo.path)'; exec sleep 1000"]))
            let own = try await children.start(ChildProgram(path: "/bin/sh", arguments: ["-c", "exit \(number)"]))
            let orphan = try #require(Int32(await fifo.readLine()))
            #expect(try await own.exit() == .code(Int32(number)))
            #expect(await orphaning.terminate(within: .seconds(5)) == .signal(SIGTERM))
            // A zombie still has its number.
            try await eventually("the orphan's end") { kill(orphan, 0) == -1 }
        }
    }
}
