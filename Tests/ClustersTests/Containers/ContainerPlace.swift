import Glibc
import Logging
import Settings
import Testing

@testable import Clusters

/// What needs a container engine: one after the other, since two dozen containers at once tell nothing more.
@Suite(
    "Containers of a real engine", .podman, .serialized,
    .enabled(if: PodmanEngine.problem == nil, Comment(rawValue: PodmanEngine.problem ?? "")))
enum EngineTests {
    @Suite("Every driver: containers", .timeLimit(.minutes(2)))
    struct ConformanceTests {
        @Test("conforms", arguments: ConformanceRule.all)
        func conforms(_ rule: ConformanceRule) async throws { try await rule.holds(in: try ContainerPlace()) }
    }
}

/// Workers as shell scripts in containers of a real engine.
struct ContainerPlace: DriverPlace {
    let pool = PoolPlace(name: "cpu", drainTimeout: .milliseconds(500))
    let kinds: Set<WorkerKind> = [.obedient, .stubborn, .brief]
    let cluster = "test-\(ProcessDriver.randomHex())"
    let podman: PodmanEngine
    let engine: ContainerEngine

    init() throws {
        podman = try #require(PodmanEngine.current)
        engine = try ContainerEngine(socket: podman.socket)
    }

    func withDriver(of kind: WorkerKind, _ body: (DriverUnderTest) async throws -> Void) async throws {
        try await withFIFO { fifo in
            let driver = try driver(Self.script(kind), gate: fifo)
            try await running(driver) { try await body(under(test: driver, fifo: kind == .brief ? nil : fifo)) }
        }
    }

    func withBrokenDriver(_ body: (DriverUnderTest) async throws -> Void) async throws {
        var made = ContainerPool(image: "localhost/nowhere")
        made.network = "host"
        let driver = try driver(Self.script(.obedient), made)
        try await body(under(test: driver, fifo: nil))
    }

    func driver(_ script: String, gate: FIFO) throws -> ContainerDriver { try driver(script, made(gate)) }

    /// Containers that see the folder of a named pipe.
    func made(_ gate: FIFO) -> ContainerPool {
        let folder = gate.path.split(separator: "/").dropLast().map { "/\($0)" }.joined()
        return ContainerPool(image: PodmanEngine.image, network: "host", binds: ["\(folder):/gate"])
    }

    func driver(_ script: String, _ made: ContainerPool, socket: String? = nil) throws -> ContainerDriver {
        try ContainerDriver(
            socket: socket ?? podman.socket, cluster: cluster, pools: ["cpu": made, "gpu": made], killMargin: .zero,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            arguments: { _, worker in ["/bin/sh", "-c", script, worker] })
    }

    func under(test driver: ContainerDriver, fifo: FIFO?) -> DriverUnderTest {
        DriverUnderTest(
            driver: driver, events: EventReader(events: driver.events),
            start: { [pool] in
                let worker = try await driver.start(in: pool)
                if let fifo { #expect(await fifo.readLine() == worker) }
                return worker
            },
            drain: { await driver.drain($0) },
            crash: { [podman] worker in
                let container = try #require(driver.container(of: worker))
                #expect(await podman.podman("kill --signal KILL \(container)"))
            })
    }

    func unavailable(_ body: (any PoolDriver, PoolPlace, String) async throws -> Void) async throws {
        // Nobody listens there.
        let driver = try driver("", ContainerPool(image: PodmanEngine.image), socket: "/tmp/no-such-engine.sock")
        _ = try? await driver.start(in: pool)
        try await running(driver) {
            let error = await #expect(throws: WorkerDriverError.self) { try await driver.start(in: pool) }
            #expect(error?.message.contains("/tmp/no-such-engine.sock") == true)
        }
        try await body(driver, PoolPlace(name: "other"), "which image")
    }

    /// The driver is let go with its worker running: all that a killed scaler leaves is the container.
    func leaveOrphan() async throws -> String {
        var worker = ""
        try await withFIFO { fifo in
            let driver = try driver(Self.script(.obedient), gate: fifo)
            worker = try await under(test: driver, fifo: fifo).start()
        }
        return worker
    }

    func leftovers() async throws -> [String] {
        // A container is removed a moment after its end is told.
        for _ in 0..<200 {
            guard try await !engine.list(cluster: cluster).isEmpty else { return [] }
            try await Task.sleep(for: .milliseconds(25))
        }
        return try await engine.list(cluster: cluster).map {
            "\($0.Labels?[EngineLabels.worker] ?? "?") \($0.State ?? "?")"
        }
    }

    static func script(_ kind: WorkerKind) -> String {
        switch kind {
        case .obedient: "trap 'exit 0' TERM; echo $SPATE_WORKER_ID > /gate/fifo; while :; do sleep 1000 & wait $!; done"
        case .stubborn: "trap '' TERM; echo $SPATE_WORKER_ID > /gate/fifo; while :; do sleep 1000 & wait $!; done"
        case .brief: "exit 4"
        }
    }
}
