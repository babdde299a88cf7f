import Testing
import Time

@testable import Forecasting

/// 2026-11-02T00:00Z, a Monday.
private let monday: Int64 = 20_759 * 1_440

private func time(_ minute: Int64) -> Timestamp { Timestamp.zero + .seconds(minute * 60) }

@Suite struct SeasonalForecastTests {
    /// `days` days from `monday` on with `quiet` a minute and `peak` at 08:30 on weekdays.
    private func history(days: Int64, peak: Int, quiet: Int = 10) -> ArrivalHistory {
        var history = ArrivalHistory()
        for minute in 0..<(days * 1_440) {
            let isPeak = minute % 1_440 == 510 && minute / 1_440 % 7 < 5
            history.record(isPeak ? peak : quiet, at: time(monday + minute))
        }
        return history
    }

    @Test("a peak of one minute on weekdays is forecast on weekdays and not on Saturday")
    func weekdayPeak() {
        let forecast = SeasonalForecast()
        let tuesday = history(days: 15, peak: 10_000)
        #expect(forecast.arrivals(inMinute: monday + 15 * 1_440 + 510, of: tuesday) == 10_000)
        let saturday = history(days: 12, peak: 10_000)
        #expect(forecast.arrivals(inMinute: monday + 12 * 1_440 + 510, of: saturday) == 20)
    }

    @Test("one day alone, or an outlier day, expects nothing much")
    func guards() {
        let forecast = SeasonalForecast()
        #expect(forecast.arrivals(inMinute: monday + 1_440 + 510, of: history(days: 1, peak: 10_000)) == nil)
        var flash = history(days: 14, peak: 10)
        flash.record(50_000, at: time(monday + 13 * 1_440 + 600))
        #expect(forecast.arrivals(inMinute: monday + 14 * 1_440 + 600, of: flash) == 20)
    }

    @Test("the peak stays at its local time across the change of the clock")
    func daylightSaving() throws {
        let berlin = try zone("Europe/Berlin")
        let sunday = Int64(try #require(CivilDate("2026-10-25")).daysSinceEpoch) * 1_440
        var history = ArrivalHistory()
        for minute in (sunday - 14 * 1_440)..<(sunday + 1_440) {
            let local = minute + berlin.offset(at: minute * 60) / 60
            history.record(local % 1_440 == 510 ? 6_000 : 0, at: time(minute))
        }
        let spans = SeasonalForecast().expected(
            from: time(sunday + 1_440), horizon: .seconds(86_399), of: history, in: berlin)
        #expect(spans.map(\.jobsPerSecond).allSatisfy { $0 == 100 })
        #expect(spans.map(\.starts) == [time(sunday + 1_440 + 449)])
        #expect(spans.map(\.ends) == [time(sunday + 1_440 + 452)])
    }

    @Test("minutes that nobody recorded are unknown")
    func unknownMinutes() {
        var history = ArrivalHistory()
        history.record(3, at: time(monday))
        history.record(4, at: time(monday + 2))
        history.record(1, at: time(monday + 2))
        #expect(history.count(inMinute: monday) == 3)
        #expect(history.count(inMinute: monday + 1) == nil)
        #expect(history.count(inMinute: monday + 2) == 5)
        history.record(0, at: time(monday + 40_000))
        #expect(history.count(inMinute: monday + 2) == nil)
    }

    @Test("the error is that of the first forecast of each minute")
    func score() {
        var score = ForecastScore()
        for (minute, forecast, actual) in [(1, 10.0, 8.0), (2, 10, 12), (3, 0, 0)] {
            score.forecast(forecast, inMinute: Int64(minute))
            score.forecast(1_000, inMinute: Int64(minute))
            score.actual(actual, inMinute: Int64(minute))
        }
        let error = score.error
        #expect(error.minutes == 3)
        #expect(error.wape == 0.2)
        #expect(error.bias == 0)
        #expect(error.coverage == 2.0 / 3)
        #expect(error.callCoverage == 0.9)
    }

    @Test(
        "in shadow nothing acts; told to act, it acts once its error is known and small",
        arguments: [
            (ForecastGate.Mode.off, false), (.shadow, false), (.act, true),
        ])
    func gate(mode: ForecastGate.Mode, acts: Bool) {
        var forecaster = Forecaster(gate: ForecastGate(mode: mode))
        var early: [ExpectedRate] = []
        for minute in 0..<(11 * Int64(1_440)) {
            forecaster.record(600, of: "digits", at: time(monday + minute))
            let expected = forecaster.expected(of: "digits", at: time(monday + minute), horizon: .seconds(120))
            if minute < 8 * 1_440 { early += expected }
        }
        let now = time(monday + 11 * 1_440 - 1)
        #expect(early.isEmpty)
        let expected = forecaster.expected(of: "digits", at: now, horizon: .seconds(120))
        #expect(expected.isEmpty != acts)
        if acts { #expect(expected.map(\.jobsPerSecond) == [10]) }
        #expect((forecaster.report(of: "digits")?.error.wape == 0) == (mode != .off))
    }
}
