import Clusters
import Jobs
import Logging
import Observability
import Operations
import Scaler
import ScalerCore
import Settings
import Synchronization
import Testing
import Time

/// A driver that takes a count.
private final class CountingDriver: PoolDriver {
    struct Order: Equatable, Sendable {
        var count: Int
        var idle: [String]
    }

    let orders = Mutex<[Order]>([])
    let fails = Mutex(false)
    let whileItWaits = Mutex<(@Sendable () -> Void)?>(nil)
    /// As it is set elsewhere.
    let count = Mutex(0)
    let events: AsyncStream<WorkerEvent>
    private let event: AsyncStream<WorkerEvent>.Continuation

    init() { (events, event) = AsyncStream.makeStream(of: WorkerEvent.self) }

    let ordering = WorkerOrdering.byCount
    func unavailability(of pool: PoolPlace) -> Unavailability? { nil }
    func kill(_ worker: String) async {}

    func scale(
        _ pool: PoolPlace, to count: Int, idle: [String], authority: @escaping @Sendable () -> Duration?
    ) async throws(WorkerDriverError) -> CountChange {
        if let whileItWaits = whileItWaits.withLock({ $0 }) { whileItWaits() }
        guard authority() != nil else { throw WorkerDriverError(.deposed, "another leads") }
        orders.withLock { $0.append(Order(count: count, idle: idle)) }
        if fails.withLock({ $0 }) { throw WorkerDriverError(.startFailed, "the test does not want it") }
        return self.count.withLock { known in
            defer { known = count }
            return CountChange(before: known, now: count)
        }
    }
}

/// A scaler over a driver that takes a count.
private struct CountingFixture {
    let driver = CountingDriver()
    let queue = FakeQueue()
    let store = FakeStore()
    let time = TestTime()
    let metrics = MetricsRegistry()
    let model: QueueName
    let scaler: ScalerService

    init(
        maximum: Int = 3, startLimit: Duration = .seconds(120), leadership: (any Leadership)? = nil,
        settings: ScalerSettings = ScalerSettings(scaleInWindow: .seconds(1))
    ) throws {
        model = try #require(QueueName(model: "m", version: "1"))
        scaler = ScalerService(
            configuration: .init(
                settings: settings,
                models: [
                    ModelSettings(
                        name: "m",
                        backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .milliseconds(10))))
                ], pools: [PoolSettings(driver: .kubernetes, maximumWorkers: maximum)], startLimit: startLimit),
            observer: queue, drivers: [.kubernetes: driver], store: store, leadership: leadership, metrics: metrics,
            time: time, clock: TestClock(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func look(after span: Duration = .milliseconds(250)) async {
        time.advance(by: span)
        await scaler.look()
    }

    /// A report of the worker in the pod of this name.
    func report(_ pod: String, held: Int, boot: String? = nil) -> WorkerReport {
        WorkerReport(
            id: pod + "_0123abcd" + (boot.map { "_" + $0 } ?? ""), pool: "cpu", state: .ready, started: time.now(),
            startUp: .milliseconds(300), held: held)
    }
}

@Suite struct FleetDriverTests {
    @Test("where a count is the order, it is set absolutely, and only idle workers are named to go")
    func counts() async throws {
        let test = try CountingFixture()
        test.queue.set(test.model, waiting: 1_000)
        await test.look()
        #expect(test.driver.orders.withLock { $0 } == [.init(count: 3, idle: [])])
        // The same count again, until the pods show: it can be repeated at will.
        await test.look()
        #expect(test.driver.orders.withLock { $0 }.allSatisfy { $0.count == 3 })
        test.queue.set(test.model, inFlight: 4)
        test.queue.set(test.report("a", held: 4), test.report("b", held: 0), test.report("c", held: 0))
        for _ in 0..<40 { await test.look() }
        let last = try #require(test.driver.orders.withLock { $0.last })
        #expect(last.count == 1, "the busy one stays")
        let failed = await test.scaler.status().pools.first?.starts_failed
        #expect(failed == 0)
    }

    @Test("a start is counted once, however many looks pass before its pod shows")
    func countsStartsOnce() async throws {
        let test = try CountingFixture()
        test.queue.set(test.model, waiting: 1_000)
        for _ in 0..<8 { await test.look() }
        #expect(await test.scaler.status().pools.first?.starting == 3)
        #expect(test.driver.orders.withLock { $0.count } == 1, "the order stands")
        #expect(test.metrics.text.contains("spate_scaler_starts_total{pool=\"cpu\"} 3\n"), "\(test.metrics.text)")
    }

    @Test("a count that somebody else set back is ordered again while its pods do not show, and not in a paused pool")
    func repeatsOrders() async throws {
        let test = try CountingFixture()
        test.queue.set(test.model, waiting: 1_000)
        await test.look()
        test.driver.count.withLock { $0 = 0 }
        for _ in 0..<19 { await test.look() }
        #expect(test.driver.count.withLock { $0 } == 0)
        await test.look()
        #expect(test.driver.count.withLock { $0 } == 3)
        let now = test.time.now()
        try await test.store.set(ControlEntry(.pause, "cpu", set: now, until: now + .seconds(600)))
        test.driver.count.withLock { $0 = 0 }
        for _ in 0..<40 { await test.look() }
        #expect(test.driver.count.withLock { $0 } == 0)
    }

    @Test("pods that never come are failed starts, which back off, and are not ordered any more meanwhile")
    func givesUp() async throws {
        let test = try CountingFixture(startLimit: .seconds(20))
        test.queue.set(test.model, waiting: 1_000)
        for _ in 0..<20 { await test.look(after: .seconds(1)) }
        var pool = try #require(await test.scaler.status().pools.first)
        #expect(pool.starting == 3 && pool.starts_failed == 0)
        for _ in 0..<2 { await test.look(after: .milliseconds(600)) }
        pool = try #require(await test.scaler.status().pools.first)
        #expect(pool.starts_failed == 3)
        #expect(pool.starting == 0)
        #expect(pool.reason?.contains("starts failed") == true, "\(pool.reason ?? "")")
        #expect(test.driver.orders.withLock { $0.last } == .init(count: 0, idle: []))
        // One attempt after the back-off.
        for _ in 0..<4 { await test.look(after: .seconds(1)) }
        #expect(test.driver.orders.withLock { $0.last } == .init(count: 1, idle: []))
        #expect(await test.scaler.status().pools.first?.starting == 1)
    }

    @Test("a scaler that is deposed while a count is being set is told so by its driver; that is no failed start")
    func deposedMeanwhile() async throws {
        let leadership = GivenLeadership()
        leadership.give(1)
        let test = try CountingFixture(leadership: leadership)
        test.queue.set(test.model, waiting: 1_000)
        test.driver.whileItWaits.withLock { $0 = { leadership.give(nil) } }
        await test.look()
        #expect(test.driver.orders.withLock { $0.isEmpty })
        #expect(await test.scaler.status().pools.first?.starts_failed == 0)
        leadership.give(2)
        test.driver.whileItWaits.withLock { $0 = nil }
        await test.look()
        #expect(test.driver.orders.withLock { $0 } == [.init(count: 3, idle: [])])
    }

    @Test("workers that the driver did not tell of are named by their ids, and the count falls by as many as are named")
    func namesLaterBoots() async throws {
        let test = try CountingFixture(maximum: 4)
        test.queue.set(test.model, inFlight: 4)
        test.queue.set(
            test.report("a", held: 4), test.report("b", held: 0, boot: "00c0ffee"), test.report("c", held: 0),
            test.report("d", held: 0))
        try await test.store.set(
            ControlEntry(.protect, "d_0123abcd", set: test.time.now(), until: test.time.now() + .seconds(600)))
        for _ in 0..<40 { await test.look() }
        let last = try #require(test.driver.orders.withLock { $0.last })
        #expect(last == .init(count: 2, idle: ["b_0123abcd_00c0ffee", "c_0123abcd"]))
    }

    @Test("a worker that somebody started by hand is not named, and the count does not fall in its place")
    func strangers() async throws {
        let test = try CountingFixture()
        test.queue.set(test.model, inFlight: 4)
        var stranger = test.report("a", held: 0)
        stranger.id = "cpu-00c0ffee"
        test.queue.set(test.report("b", held: 4), stranger)
        for _ in 0..<40 { await test.look() }
        #expect(test.driver.orders.withLock { $0 }.allSatisfy { $0.count == 2 && $0.idle.isEmpty })
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
