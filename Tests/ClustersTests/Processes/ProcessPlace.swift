@testable import Clusters
import Glibc
import Settings
import Testing

@Suite("Every driver: local processes", .timeLimit(.minutes(1)))
struct ProcessConformanceTests {
    @Test("conforms", arguments: ConformanceRule.all)
    func conforms(_ rule: ConformanceRule) async throws { try await rule.holds(in: try ProcessPlace()) }
}

/// Workers as shell scripts on this machine.
struct ProcessPlace: DriverPlace {
    let pool = PoolPlace(name: "cpu", drainTimeout: .milliseconds(300))
    let kinds: Set<WorkerKind> = [.obedient, .stubborn, .brief]
    /// Tells the workers of one rule from those of another.
    let cluster = "test-\(ProcessDriver.randomHex())"
    private let children: ChildProcesses

    init() throws { children = try ChildProcesses() }

    func withDriver(of kind: WorkerKind, _ body: (DriverUnderTest) async throws -> Void) async throws {
        try await withFIFO { fifo in
            try await run(script(kind, fifo.path), at: "/bin/sh", fifo: kind == .brief ? nil : fifo, body)
        }
    }

    func withBrokenDriver(_ body: (DriverUnderTest) async throws -> Void) async throws {
        try await run("", at: "/nowhere/at-all", fifo: nil, body)
    }

    private func run(
        _ script: String, at executable: String, fifo: FIFO?, _ body: (DriverUnderTest) async throws -> Void
    ) async throws {
        let driver = ProcessDriver(
            children: children, executable: executable, killMargin: .zero, cluster: cluster,
            arguments: { _, worker in ["-c", script, worker] })
        let test = DriverUnderTest(
            driver: driver, events: EventReader(events: driver.events),
            start: { [pool] in
                let worker = try await driver.start(in: pool)
                if let fifo { #expect(await fifo.readLine() == "ready") }
                return worker
            },
            drain: { await driver.drain($0) },
            crash: { Glibc.kill(try #require(driver.processID(of: $0)), SIGKILL) })
        try await running(driver) { try await body(test) }
    }

    func unavailable(_ body: (any PoolDriver, PoolPlace, String) async throws -> Void) async throws {
        let driver = ProcessDriver(children: children, probe: DeviceProbe { _ in false }, arguments: { _, _ in [] })
        try await body(driver, PoolPlace(name: "gpu", device: .gpu), "no GPU on this machine")
    }

    /// The kernel sends SIGTERM to the workers of a killed scaler; only a stubborn one stays.
    func leaveOrphan() async throws -> String {
        try await ScalerStandIn.killed(children, running: Self.stubborn, cluster: cluster)
    }

    func leftovers() async throws -> [String] {
        // What a worker had started is killed with it, and gone a moment later.
        for _ in 0..<50 {
            guard await !OrphanProcess.find(of: cluster).isEmpty else { return [] }
            try await Task.sleep(for: .milliseconds(10))
        }
        return await OrphanProcess.find(of: cluster).map(\.worker)
    }

    private func script(_ kind: WorkerKind, _ fifo: String) -> String {
        switch kind {
        case .obedient: "trap 'exit 0' TERM; echo ready > \(fifo); while :; do sleep 1000 & wait $!; done"
        case .stubborn: "trap '' TERM; echo ready > \(fifo); while :; do sleep 1000 & wait $!; done"
        case .brief: "exit 4"
        }
    }

    static let stubborn = "trap '' TERM; echo $0 > $FIFO; while :; do sleep 1000 & wait $!; done"
}
