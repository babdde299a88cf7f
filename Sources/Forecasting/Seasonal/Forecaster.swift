package import Time

/// The forecast of every model: records arrivals, forecasts, scores, and says what may raise the wanted count.
///
/// Call `record` with what came since the last call (0 too), then `expected`. At most `maximumModels` models are kept
/// (86.4 kB each, default 1,000); arrivals of further ones are not recorded and expect nothing.
package struct Forecaster: Sendable {
    private struct Model: Sendable {
        var history = ArrivalHistory()
        var score = ForecastScore()
        /// The last minute that was scored.
        var scoredMinute: Int64?
    }

    package var forecast: SeasonalForecast
    package var gate: ForecastGate
    package var zone: TimeZoneRules
    private let maximumModels: Int
    private var models: [String: Model] = [:]

    package init(
        forecast: SeasonalForecast = SeasonalForecast(), gate: ForecastGate = ForecastGate(),
        zone: TimeZoneRules = .utc,
        maximumModels: Int = 1_000
    ) {
        self.forecast = forecast
        self.gate = gate
        self.zone = zone
        self.maximumModels = maximumModels
    }

    /// Counts `jobs` arrivals of `model` at `now` and scores the minutes that are over.
    package mutating func record(_ jobs: Int, of model: String, at now: Timestamp) {
        guard gate.mode != .off, models[model] != nil || models.count < maximumModels else { return }
        var entry = models.removeValue(forKey: model) ?? Model()
        let over = ArrivalHistory.minute(of: now) - 1
        if let scored = entry.scoredMinute, scored < over {
            for minute in max(scored + 1, over - 1_440)...over {
                if let count = entry.history.count(inMinute: minute) {
                    entry.score.actual(Double(count), inMinute: minute)
                }
            }
        }
        entry.scoredMinute = max(entry.scoredMinute ?? over, over)
        entry.history.record(jobs, at: now)
        models[model] = entry
    }

    /// What is expected of `model` within `horizon`, noted for scoring; empty unless the gate lets it act.
    package mutating func expected(of model: String, at now: Timestamp, horizon: Duration) -> [ExpectedRate] {
        guard gate.mode != .off, var entry = models.removeValue(forKey: model) else { return [] }
        defer { models[model] = entry }
        let next = ArrivalHistory.minute(of: now) + 1
        let last = min(ArrivalHistory.minute(of: now + horizon), next + 1_439)
        for minute in next...max(next, last) {
            if let arrivals = forecast.arrivals(inMinute: minute, of: entry.history, in: zone) {
                entry.score.forecast(arrivals, inMinute: minute)
            }
        }
        guard gate.verdict(entry.score.error).mayAct else { return [] }
        return forecast.expected(from: now, horizon: horizon, of: entry.history, in: zone)
    }

    /// The error and what the gate says of it; `nil` for a model without arrivals.
    package func report(of model: String) -> (error: ForecastError, verdict: ForecastGate.Verdict)? {
        models[model].map { ($0.score.error, gate.verdict($0.score.error)) }
    }

    /// Forgets everything that was learned of a model, so that it is learned anew.
    package mutating func forget(_ model: String) { models[model] = nil }
}
