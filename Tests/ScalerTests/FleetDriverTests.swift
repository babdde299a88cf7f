import Clusters
import Jobs
import Logging
import Observability
import Scaler
import Settings
import Synchronization
import Testing
import Time

/// A driver that takes a count.
private final class CountingDriver: FleetDriver {
    struct Order: Equatable, Sendable {
        var count: Int
        var idle: [String]
    }

    let orders = Mutex<[Order]>([])
    let fails = Mutex(false)
    let events: AsyncStream<WorkerEvent>
    private let event: AsyncStream<WorkerEvent>.Continuation

    init() { (events, event) = AsyncStream.makeStream(of: WorkerEvent.self) }

    func unavailability(of pool: PoolSettings) -> String? { nil }
    func kill(_ worker: String) async {}

    func scale(_ pool: PoolSettings, to count: Int, idle: [String]) async throws(WorkerDriverError) {
        orders.withLock { $0.append(Order(count: count, idle: idle)) }
        if fails.withLock({ $0 }) { throw WorkerDriverError(.startFailed, "the test does not want it") }
    }
}

@Suite struct FleetDriverTests {
    @Test("where a count is the order, it is set absolutely, and only idle workers are named to go")
    func counts() async throws {
        let driver = CountingDriver()
        let queue = FakeQueue()
        let time = TestTime()
        let model = try #require(QueueName(model: "m", version: "1"))
        let scaler = ScalerService(
            configuration: .init(
                settings: ScalerSettings(scaleInWindow: .seconds(1)),
                models: [
                    ModelSettings(
                        name: "m",
                        backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .milliseconds(10))))
                ], pools: [PoolSettings(driver: .kubernetes, maximumWorkers: 3)]),
            observer: queue, drivers: [.kubernetes: driver], metrics: MetricsRegistry(), time: time, clock: TestClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func look(after span: Duration = .milliseconds(250)) async {
            time.advance(by: span)
            await scaler.look()
        }
        func report(_ id: String, held: Int) -> WorkerReport {
            WorkerReport(
                id: id, pool: "cpu", state: .ready, started: time.now(), startUp: .milliseconds(300), held: held)
        }
        queue.set(model, waiting: 1_000)
        await look()
        #expect(driver.orders.withLock { $0 } == [.init(count: 3, idle: [])])
        // The same count again, until the pods show: it can be repeated at will.
        await look()
        #expect(driver.orders.withLock { $0 }.allSatisfy { $0.count == 3 })
        queue.set(model, inFlight: 4)
        queue.set(report("a", held: 4), report("b", held: 0), report("c", held: 0))
        for _ in 0..<40 { await look() }
        let last = try #require(driver.orders.withLock { $0.last })
        #expect(last.count == 1, "the busy one stays")
        let failed = await scaler.status().pools.first?.starts_failed
        #expect(failed == 0)
    }

    @Test("a count that cannot be set is a failed start, and backs off")
    func fails() async throws {
        let driver = CountingDriver()
        driver.fails.withLock { $0 = true }
        let queue = FakeQueue()
        let time = TestTime()
        let model = try #require(QueueName(model: "m", version: "1"))
        let scaler = ScalerService(
            configuration: .init(
                settings: ScalerSettings(), models: [ModelSettings(name: "m")],
                pools: [PoolSettings(driver: .kubernetes, maximumWorkers: 3)]),
            observer: queue, drivers: [.kubernetes: driver], metrics: MetricsRegistry(), time: time, clock: TestClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        queue.set(model, waiting: 1_000)
        for _ in 0..<12 {
            time.advance(by: .milliseconds(250))
            await scaler.look()
        }
        #expect((1...4).contains(driver.orders.withLock { $0.count }))
        #expect(await scaler.status().pools.first?.reason?.contains("starts failed") == true)
    }
}
