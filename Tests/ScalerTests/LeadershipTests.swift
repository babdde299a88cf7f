import ScalerCore
import Clusters
import Jobs
import Logging
import Observability
import Scaler
import Settings
import Synchronization
import Testing
import Time

/// A leadership that the test gives and takes.
final class GivenLeadership: Leadership {
    private let current = Mutex<LeadershipTerm?>(nil)

    func give(_ epoch: Int64?) {
        current.withLock {
            $0 = epoch.map { LeadershipTerm(epoch: $0, holder: "test", ends: Timestamp(microseconds: .max)) }
        }
    }

    func run() async {}
    func term() -> LeadershipTerm? { current.withLock { $0 } }
    func remaining() -> Duration? { term() == nil ? nil : .seconds(2) }
    func terms() -> AsyncStream<LeadershipTerm?> {
        AsyncStream { continuation in
            continuation.yield(term())
            continuation.finish()
        }
    }
}

@Suite struct LeadershipTests {
    @Test("of two scalers one acts; the other takes over with its next look, and the deposed one starts nothing more")
    func takesOver() async throws {
        let queue = FakeQueue()
        let store = FakeStore()
        let time = TestTime()
        let model = try #require(QueueName(model: "m", version: "1"))
        func make(_ leadership: GivenLeadership, _ driver: FakeDriver) -> ScalerService {
            ScalerService(
                configuration: .init(
                    settings: ScalerSettings(), models: [ModelSettings(name: "m")],
                    pools: [PoolSettings(maximumWorkers: 4)]),
                observer: queue, drivers: [.process: driver], store: store, leadership: leadership,
                metrics: MetricsRegistry(), time: time, clock: TestClock(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        }
        let (one, other) = (GivenLeadership(), GivenLeadership())
        let (driver, otherDriver) = (FakeDriver(), FakeDriver())
        let (scaler, otherScaler) = (make(one, driver), make(other, otherDriver))
        one.give(1)
        queue.set(model, waiting: 10_000)
        func look() async {
            time.advance(by: .milliseconds(250))
            await scaler.look()
            await otherScaler.look()
        }
        await look()
        #expect(driver.given.count == 4)
        #expect(otherDriver.given.isEmpty)
        let written = store.decisions.count
        #expect(written == 1, "only the leader records")
        // The leader's workers die with its machine; it is deposed, and the other leads.
        one.give(nil)
        other.give(2)
        for number in 1...4 {
            await scaler.note(.exited(worker: "cpu-\(number)", pool: "cpu", reason: "signal 9", isFailure: true))
        }
        await look()
        #expect(driver.given.count == 4, "a deposed scaler starts nothing")
        #expect(otherDriver.given.count == 4)
    }

    @Test("a deposed scaler's own workers serve on until another decides, then leave a quarter at a time")
    func handsOver() async throws {
        let leadership = GivenLeadership()
        let queue = FakeQueue()
        let driver = FakeDriver()
        let time = TestTime()
        let model = try #require(QueueName(model: "m", version: "1"))
        let scaler = ScalerService(
            configuration: .init(
                settings: ScalerSettings(), models: [ModelSettings(name: "m")],
                pools: [PoolSettings(maximumWorkers: 8)]),
            observer: queue, drivers: [.process: driver], leadership: leadership, metrics: MetricsRegistry(),
            time: time,
            clock: TestClock(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func look() async {
            time.advance(by: .milliseconds(250))
            await scaler.look()
        }
        leadership.give(1)
        queue.set(model, waiting: 10_000)
        await look()
        for number in 1...8 {
            queue.set(
                WorkerReport(
                    id: "cpu-\(number)", pool: "cpu", state: .ready, started: time.now(), startUp: .milliseconds(300),
                    held: 1))
        }
        await look()
        leadership.give(nil)
        for _ in 0..<20 { await look() }
        #expect(driver.given.count == 8, "nobody leads: they serve on")
        let decision = DecisionRecordText.make(at: time.now())
        try await queue.record(decision: decision)
        await look()
        #expect(driver.given.count == 10, "two of eight")
        for _ in 0..<5 { await look() }
        #expect(driver.given.count == 12, "two more after a start-up time of a second")
    }
}

/// Containers outlive their scaler: the leader adopts them, and so does the driver of one that was deposed.
@Suite struct DeposedContainersTests {
    @Test("a deposed scaler leaves containers alone, while another leads and when it ends")
    func leavesContainers() async throws {
        let leadership = GivenLeadership()
        let queue = FakeQueue()
        let driver = FakeDriver(.oneByOne(.leader))
        let time = TestTime()
        let model = try #require(QueueName(model: "m", version: "1"))
        let scaler = ScalerService(
            configuration: .init(
                settings: ScalerSettings(), models: [ModelSettings(name: "m")],
                pools: [PoolSettings(driver: .containers, maximumWorkers: 2)]),
            observer: queue, drivers: [.containers: driver], leadership: leadership, metrics: MetricsRegistry(),
            time: time,
            clock: TestClock(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        func look() async throws {
            time.advance(by: .milliseconds(250))
            try await queue.record(decision: DecisionRecordText.make(at: time.now()))
            await scaler.look()
        }
        leadership.give(1)
        queue.set(model, waiting: 10_000)
        try await look()
        #expect(driver.given.count == 2)
        leadership.give(nil)
        for _ in 0..<100 { try await look() }
        await scaler.drainAll()
        #expect(driver.given.count == 2)
    }
}

private enum DecisionRecordText {
    /// What another scaler records.
    static func make(at time: Timestamp) -> String {
        """
        {"arrival_rate":0,"candidates":[],"draining":0,"drains":0,"dry_run":false,"due":0,"guards":[],"idle":0,\
        "in_flight":0,"instead":[],"load":0,"pool":"cpu","ready":8,"reason":"","start_up_ms":1000,"starting":0,\
        "starts":0,"time_ms":\(time.milliseconds),"waiting":0,"wanted":8,"work_seconds":0}
        """
    }
}
