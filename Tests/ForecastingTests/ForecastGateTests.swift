import Testing

@testable import Forecasting

@Suite struct ForecastGateTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var minutes = 1_440
        var wape: Double? = 0.5
        var coverage: Double? = 0.8
        /// `nil`: it acts.
        var held: String?
        var testDescription: String { held ?? "acts" }
    }

    @Test(
        "a forecast acts only with enough minutes, a small error and room for most calls, each to the limit",
        arguments: [
            Row(held: nil), Row(minutes: 1_439, held: "1439 of 1440 minutes scored"),
            Row(wape: 0.501, held: "WAPE above 50.0 %"),
            Row(coverage: 0.799, held: "room for less than 80.0 % of calls"),
            Row(wape: nil, coverage: nil, held: "no calls came"), Row(wape: .infinity, held: "WAPE above 50.0 %"),
        ])
    func limits(row: Row) {
        let error = ForecastError(
            minutes: row.minutes, wape: row.wape, bias: 0.1, coverage: 0.9, callCoverage: row.coverage)
        let acting = ForecastGate(mode: .act).verdict(error)
        #expect(acting.mayAct == (row.held == nil))
        #expect(acting.reason.hasPrefix(row.held.map { "held back (\($0)): " } ?? "acts: "))
        let shadow = ForecastGate(mode: .shadow).verdict(error)
        #expect(!shadow.mayAct)
        #expect(shadow.reason.hasPrefix(row.held.map { "shadow, would not act (\($0)): " } ?? "shadow, would act: "))
        #expect(!ForecastGate(mode: .off).verdict(error).mayAct)
    }
}
