import Forecasting
import Jobs
import Logging
import Scaling
import Settings
import Testing
import Time

@testable import Scaler

@Suite struct ForecastKeeperTests {
    private let queue: QueueName

    init() throws { queue = try #require(QueueName(model: "digits", version: "1")) }

    /// The same busy quarter of an hour each day for twelve days, and a keeper that has read it at `hour` of the next.
    private func keeper(mode: ForecastGate.Mode, hour: Int) async throws -> (ForecastKeeper, TestTime) {
        let store = FakeStore()
        let time = TestTime()
        let day: Int64 = 86_400_000_000
        let monday = Timestamp(microseconds: 20_605 * day)
        for minute in 0..<(12 * 1_440 + hour * 60) {
            let busy = (8 * 60..<8 * 60 + 15).contains(minute % 1_440)
            try await store.add([queue: busy ? 600 : 6], at: monday + .seconds(minute * 60))
        }
        time.advance(by: monday + .seconds(12 * 86_400 + hour * 3_600) - time.now())
        var settings = ForecastSettings()
        settings.mode = mode
        let clock = TestClock()
        let keeper = ForecastKeeper(
            queues: [queue], settings: settings, ledger: store, time: time, clock: clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let run = Task { await keeper.run() }
        await clock.waitForSleepers(1)
        run.cancel()
        return (keeper, time)
    }

    private func most(_ keeper: ForecastKeeper, at now: Timestamp, _ settings: ForecastSettings) -> Double {
        keeper.expected(queue, now, settings).map(\.jobsPerSecond).max() ?? 0
    }

    @Test("what came every day at eight is expected before eight, and not in the afternoon")
    func learns() async throws {
        var settings = ForecastSettings()
        settings.mode = .act
        let (morning, early) = try await keeper(mode: .act, hour: 7)
        let before = most(morning, at: early.now() + .seconds(3_300), settings)
        let (noon, late) = try await keeper(mode: .act, hour: 14)
        let afternoon = most(noon, at: late.now(), settings)
        #expect(before > 5 && afternoon < 1, "\(before) and \(afternoon) a second")
    }

    @Test("a forecast that is off reads nothing and expects nothing")
    func off() async throws {
        let (keeper, time) = try await keeper(mode: .off, hour: 7)
        var settings = ForecastSettings()
        settings.mode = .off
        #expect(keeper.expected(queue, time.now() + .seconds(3_300), settings).isEmpty)
    }
}
