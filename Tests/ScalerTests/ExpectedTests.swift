import Clusters
import Jobs
import Logging
import Observability
import Operations
import Scaler
import Scaling
import Settings
import Testing
import Time

@Suite struct ExpectedTests {
    @Test("what is expected pre-warms the pool, and the explanation names who expects it")
    func prewarms() async throws {
        let queue = FakeQueue()
        let driver = FakeDriver()
        let store = FakeStore()
        let time = TestTime()
        let event = time.now() + .seconds(60)
        let settings = ClusterSettings(
            models: [
                ModelSettings(
                    name: "m",
                    backend: .synthetic(SyntheticOptions(fixedCost: .zero, costPerRow: .milliseconds(10))))
            ], pools: [PoolSettings(maximumWorkers: 8, startUpTime: .seconds(10))])
        let scaler = ScalerService(
            configuration: .init(settings), observer: queue, drivers: [.process: driver], store: store,
            expected: { queue, now, _ in
                [
                    ExpectedArrivals(
                        source: .event("opening"), starts: event, ends: event + .seconds(60), jobsPerSecond: 200)
                ]
            }, metrics: MetricsRegistry(), time: time, clock: TestClock(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        for _ in 0..<220 {
            time.advance(by: .milliseconds(250))
            await scaler.look()
        }
        #expect(driver.given.count >= 2, "ready before it begins")
        let desk = OperatorDesk(settings: settings, store: store, observer: queue, time: time)
        let explanation = try #require(try await desk.why(pool: "cpu", at: time.now()).first)
        #expect(explanation.proof == .same)
        #expect(
            explanation.decision.candidates.contains { $0.proposer == "calendar" }, "\(explanation.decision.candidates)"
        )
    }
}
