import Clusters
import Glibc
import Settings
import Testing

@Suite("Limits of child processes", .timeLimit(.minutes(1)))
struct ProcessLimitsTests {
    /// The first line that a shell script with these limits writes.
    private func output(of script: String, _ limits: ProcessLimits) async throws -> (String, ProcessExit) {
        let children = try ChildProcesses()
        var line = ""
        var exit = ProcessExit.code(-1)
        try await withFIFO { fifo in
            let child = try await children.start(
                ChildProgram(
                    path: "/bin/sh", arguments: ["-c", "{ (\(script)) || echo none; } > \(fifo.path)"], limits: limits))
            line = await fifo.readLine()
            exit = try await child.exit()
        }
        return (line, exit)
    }

    @Test("memory beyond the limit cannot be had")
    func memory() async throws {
        let limits = ProcessLimits(memoryBytes: 32 << 20)
        #expect(try await output(of: "ulimit -d", limits).0 == "32768")
        let greedy = "x=$(head -c 64M /dev/zero | tr '\\0' x) && echo got"
        #expect(try await output(of: greedy, limits) == ("none", .code(0)))
        #expect(try await output(of: greedy, ProcessLimits()) == ("got", .code(0)))
    }

    @Test("niceness and processors are those of the pool")
    func niceAndProcessors() async throws {
        let own = nice(0)
        #expect(try await output(of: "nice", ProcessLimits(nice: 3)).0 == "\(min(own + 3, 19))")
        let allowed = "grep Cpus_allowed_list /proc/self/status | tr -d '\\t'"
        #expect(try await output(of: allowed, ProcessLimits(processors: [0])).0 == "Cpus_allowed_list:0")
    }

    @Test("a limit that the kernel refuses is a failed start, not a worker without it")
    func refused() async throws {
        let driver = ProcessDriver(
            children: try ChildProcesses(), executable: "/bin/sh", limits: ["cpu": ProcessLimits(processors: [1_000])],
            arguments: { _, _ in ["-c", "exit 0"] })
        let error = await #expect(throws: WorkerDriverError.self) { try await driver.start(in: PoolPlace()) }
        #expect(error?.code == .startFailed)
        #expect(error?.message.contains("Invalid argument") == true, "\(String(describing: error))")
    }
}
