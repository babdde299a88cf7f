import Logging
import Settings
import Synchronization
import TestSupport
import ScalerCore
import Testing

@testable import Clusters

@Suite(
    "Every driver: Kubernetes", .kubernetes, .timeLimit(.minutes(1)),
    .enabled(if: KubernetesServer.problem == nil, Comment(rawValue: KubernetesServer.problem ?? "")))
struct KubernetesConformanceTests {
    @Test("conforms", arguments: ConformanceRule.all)
    func conforms(_ rule: ConformanceRule) async throws { try await rule.holds(in: try await KubernetesPlace()) }
}

extension KubernetesDriver {
    /// For somebody who is alone.
    @discardableResult
    func scale(_ pool: PoolPlace, to count: Int, idle: [String]) async throws(WorkerDriverError) -> CountChange {
        try await scale(pool, to: count, idle: idle, authority: { .seconds(60) })
    }

    /// All workers whose pods it knows.
    var workers: [String] { state.withLock { $0.ledgers.values.flatMap { $0.pods.values.map(PodLedger.worker) } } }
}

/// Workers as the pods of a Deployment, on an API server whose controllers and kubelet are emulated.
struct KubernetesPlace: DriverPlace {
    let pool = PoolPlace(name: "cpu", drainTimeout: .milliseconds(300))
    /// What a worker does with SIGTERM is the kubelet's business, which is not the driver's.
    let kinds: Set<WorkerKind> = [.obedient]
    let namespace: TestNamespace

    init() async throws { namespace = try await TestNamespace() }

    func driver(_ name: String? = nil, client: KubernetesClient? = nil) throws -> KubernetesDriver {
        KubernetesDriver(
            client: try client ?? namespace.client(), pools: ["cpu": KubernetesPool(name: name ?? namespace.app)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func withDriver(of kind: WorkerKind, _ body: (DriverUnderTest) async throws -> Void) async throws {
        let driver = try driver()
        try await running(driver) {
            try await body(under(test: driver))
            // Pods come and go meanwhile; one that is named late stays for another attempt.
            try await eventually("the end of all pods") {
                try await driver.scale(pool, to: 0, idle: driver.workers).now == 0
            }
        }
    }

    func withBrokenDriver(_ body: (DriverUnderTest) async throws -> Void) async throws {
        try await body(under(test: try driver("nowhere")))
    }

    /// A worker more is a count more; which one it is, the watch tells.
    func under(test driver: KubernetesDriver) -> DriverUnderTest {
        let events = EventReader(events: driver.events)
        let wanted = Wanted()
        return DriverUnderTest(
            driver: driver, events: events,
            start: { [pool] in
                try await driver.scale(pool, to: wanted.more(), idle: [])
                while let event = await events.peek() {
                    if case .started(let worker, _) = event { return worker }
                }
                throw MissingEvent()
            },
            drain: { [pool] in try await driver.scale(pool, to: wanted.less($0), idle: [$0]) },
            crash: { [namespace] worker in
                try await namespace.server.control(
                    "crash",
                    #"{"namespace":"\#(namespace.name)","pod":"\#(try namespace.pod(of: worker))","message":"\#(worker)"}"#
                )
            })
    }

    func unavailable(_ body: (any PoolDriver, PoolPlace, String) async throws -> Void) async throws {
        let driver = try driver("nowhere")
        try await running(driver) {
            try await eventually("the driver's word") { driver.unavailability(of: pool) != nil }
            try await body(driver, pool, "is deployments/nowhere deployed in this namespace?")
        }
        try await body(driver, PoolPlace(name: "other"), "which Deployment")
    }

    func leaveOrphan() async throws -> String {
        let driver = try driver()
        var worker = ""
        try await running(driver) { worker = try await under(test: driver).start() }
        return worker
    }

    func leftovers() async throws -> [String] {
        // A pod is gone a moment after the count was set.
        for _ in 0..<200 {
            guard try await !namespace.pods().isEmpty else { return [] }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await namespace.pods().map { $0.metadata?.name ?? "?" }
    }

    /// The count that the test wants.
    private final class Wanted: Sendable {
        private let state = Mutex<(count: Int, drained: Set<String>)>((0, []))

        func more() -> Int {
            state.withLock {
                $0.count += 1
                return $0.count
            }
        }

        func less(_ worker: String) -> Int {
            state.withLock {
                if $0.drained.insert(worker).inserted { $0.count -= 1 }
                return max($0.count, 0)
            }
        }
    }
}
