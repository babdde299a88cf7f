import Clusters
import Glibc
import Testing

@Suite("Child processes", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    let children: ChildProcesses

    init() throws { children = try ChildProcesses() }

    private func shell(_ script: String, log: String? = nil) -> ChildProgram {
        ChildProgram(path: "/bin/sh", arguments: ["-c", script], logPath: log)
    }

    @Test("the exit status is the program's own", arguments: [0, 1, 7, 100] as [Int32])
    func exitStatus(code: Int32) async throws {
        let child = try await children.start(shell("exit \(code)"))
        #expect(try await child.exit() == .code(code))
        #expect(child.status == .code(code))
        // Asked again after the end, it answers at once.
        #expect(try await child.exit() == .code(code))
    }

    @Test("a killed process is seen to end")
    func killIsSeenAtOnce() async throws {
        let child = try await children.start(ChildProgram(path: "/bin/sleep", arguments: ["1000"]))
        kill(child.processID, SIGKILL)
        #expect(try await child.exit() == .signal(SIGKILL))
    }

    @Test("the end is told to the closure of the start, once")
    func exitClosure() async throws {
        let (ends, continuation) = AsyncStream.makeStream(of: ProcessExit.self)
        let child = try await children.start(shell("exit 3")) {
            continuation.yield($0)
            continuation.finish()
        }
        _ = try await child.exit()
        var seen: [ProcessExit] = []
        for await end in ends { seen.append(end) }
        #expect(seen == [.code(3)])
    }

    @Test("terminate ends a process that obeys SIGTERM, well before the deadline")
    func terminateObeys() async throws {
        let child = try await children.start(ChildProgram(path: "/bin/sleep", arguments: ["1000"]))
        let start = ContinuousClock.now
        #expect(await child.terminate(within: .seconds(30)) == .signal(SIGTERM))
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test("terminate kills a process that ignores SIGTERM, and its children, at the deadline")
    func terminateEscalates() async throws {
        try await withFIFO { fifo in
            let script = "trap '' TERM; sleep 1000 & echo $! > \(fifo.path); wait"
            let child = try await children.start(shell(script))
            let grandchild = try #require(Int32(await fifo.readLine()))
            let start = ContinuousClock.now
            #expect(await child.terminate(within: .milliseconds(50)) == .signal(SIGKILL))
            #expect(ContinuousClock.now - start >= .milliseconds(50))
            #expect(await hasEnded(grandchild, within: .seconds(10)))
        }
    }

    @Test("what a process leaves running in its group ends with it")
    func groupEndsWithLeader() async throws {
        try await withFIFO { fifo in
            let child = try await children.start(shell("sleep 1000 & echo $! > \(fifo.path); exit 0"))
            let grandchild = try #require(Int32(await fifo.readLine()))
            #expect(try await child.exit() == .code(0))
            #expect(await hasEnded(grandchild, within: .seconds(10)))
        }
    }

    @Test("a cancelled wait ends without touching the process")
    func cancelledWait() async throws {
        let child = try await children.start(ChildProgram(path: "/bin/sleep", arguments: ["1000"]))
        let wait = Task { try await child.exit() }
        wait.cancel()
        await #expect(throws: CancellationError.self) { try await wait.value }
        #expect(child.status == nil)
        child.kill()
        #expect(try await child.exit() == .signal(SIGKILL))
    }

    @Test("a program that is not there is an error that names it")
    func missingProgram() async throws {
        let error = await #expect(throws: ChildProcessError.self) {
            try await children.start(ChildProgram(path: "/nowhere/at-all"))
        }
        #expect(error?.code == .cannotStart)
        #expect(error?.message.contains("/nowhere/at-all: No such file") == true)
    }

    @Test("output and errors are appended to the log file, in the environment and directory that were given")
    func logAndEnvironment() async throws {
        try await withDirectory { directory in
            let program = ChildProgram(
                path: "/bin/sh", arguments: ["-c", "echo \"$COLOUR in $(pwd)\"; echo error >&2"],
                environment: ["COLOUR": "green"], logPath: directory + "/log", directory: "/usr")
            for _ in 0..<2 {
                let child = try await children.start(program)
                #expect(try await child.exit() == .code(0))
            }
            #expect(contents(of: directory + "/log") == "green in /usr\nerror\ngreen in /usr\nerror\n")
        }
    }

    @Test("a log file that cannot be written, or a pipe that nobody reads, is an error and not a wait")
    func unwritableLog() async throws {
        try await withFIFO { fifo in
            await #expect(throws: ChildProcessError.self) { try await children.start(shell("exit 0", log: fifo.path)) }
        }
        let error = await #expect(throws: ChildProcessError.self) {
            try await children.start(shell("exit 0", log: "/nowhere/log"))
        }
        #expect(error?.message.contains("No such file") == true)
    }

    @Test("a hundred processes at once are all started and all seen to end")
    func many() async throws {
        let codes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for code in 0..<100 as Range<Int32> {
                group.addTask {
                    let child = try await children.start(shell("exit \(code)"))
                    guard case .code(let ended) = try await child.exit() else { return -1 }
                    return ended
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(codes == Set(0..<100))
    }

    @Test("children outlive the last reference to what started them, as long as the process lives")
    func keptWithoutOwner() async throws {
        var owner: ChildProcesses? = try ChildProcesses()
        let child = try #require(try await owner?.start(shell("read line < /dev/null; sleep 0.05; exit 9")))
        owner = nil
        #expect(try await child.exit() == .code(9))
    }
}
