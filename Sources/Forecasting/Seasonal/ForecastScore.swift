import Time

/// How far forecasts were from what came, over the last seven days that were scored.
package struct ForecastError: Sendable, Equatable, Codable {
    /// Minutes that had both a forecast and a count.
    package var minutes: Int
    /// Σ|forecast − actual| / Σ actual; `nil` if nothing came.
    package var wape: Double?
    /// (Σ forecast − Σ actual) / Σ actual: above 0, too much is expected. `nil` if nothing came.
    package var bias: Double?
    /// Share of minutes in which no more came than was forecast; `nil` without minutes.
    package var coverage: Double?
    /// The same weighted by arrivals: the share of calls that the forecast had room for.
    package var callCoverage: Double?
}

/// Forecasts that wait for their minute, and the error of those whose minute has passed.
///
/// The first forecast of a minute counts: it had the longest lead, as a start has. Bounded: at most 1,500 waiting
/// forecasts (further ones are not scored) and seven days of sums.
package struct ForecastScore: Sendable, Equatable, Codable {
    private struct Day: Sendable, Equatable, Codable {
        var day: Int64
        var minutes = 0
        var actual = 0.0
        var forecast = 0.0
        var absolute = 0.0
        var covered = 0
        var coveredCalls = 0.0
    }
    package static let maximumWaiting = 1_500

    private var waiting: [Int64: Double] = [:]
    private var days: [Day] = []

    package init() {}

    /// Remembers what was forecast for `minute`. A second forecast of the same minute changes nothing.
    package mutating func forecast(_ arrivals: Double, inMinute minute: Int64) {
        guard waiting[minute] == nil, waiting.count < Self.maximumWaiting, arrivals.isFinite else { return }
        waiting[minute] = arrivals
    }

    /// Scores the forecast of `minute`, which is over, and drops older ones that were never counted.
    package mutating func actual(_ arrivals: Double, inMinute minute: Int64) {
        let forecast = waiting.removeValue(forKey: minute)
        waiting = waiting.filter { $0.key > minute - 60 }
        guard let forecast else { return }
        let day = minute.flooredQuotient(by: 1_440)
        if days.last?.day != day {
            days.append(Day(day: day))
            days.removeAll { $0.day <= day - 7 }
        }
        guard !days.isEmpty else { return }
        let last = days.count - 1
        days[last].minutes += 1
        days[last].actual += arrivals
        days[last].forecast += forecast
        days[last].absolute += abs(forecast - arrivals)
        days[last].covered += arrivals <= forecast ? 1 : 0
        days[last].coveredCalls += min(arrivals, forecast)
    }

    package var error: ForecastError {
        let minutes = days.reduce(0) { $0 + $1.minutes }
        let actual = days.reduce(0) { $0 + $1.actual }
        let perCall = { (sum: Double) -> Double? in actual > 0 ? sum / actual : nil }
        return ForecastError(
            minutes: minutes, wape: perCall(days.reduce(0) { $0 + $1.absolute }),
            bias: perCall(days.reduce(0) { $0 + $1.forecast - $1.actual }),
            coverage: minutes > 0 ? Double(days.reduce(0) { $0 + $1.covered }) / Double(minutes) : nil,
            callCoverage: perCall(days.reduce(0) { $0 + $1.coveredCalls }))
    }
}

/// Whether a forecast may raise the wanted count. The operator declares the mode; the error can still hold it back.
package struct ForecastGate: Sendable, Equatable {
    package enum Mode: String, Sendable, Codable, CaseIterable {
        /// Nothing is forecast.
        case off
        /// Forecasts are made and scored, and change nothing. The default.
        case shadow
        /// Forecasts raise the wanted count while their error permits.
        case act
    }

    package var mode: Mode
    /// Scored minutes before it may act. Default 1,440, one day.
    package var minimumMinutes: Int
    /// Largest WAPE with which it may act. Default 0.5.
    package var maximumWAPE: Double
    /// Least share of calls that the forecast had room for. Default 0.8.
    package var minimumCallCoverage: Double

    package init(
        mode: Mode = .shadow, minimumMinutes: Int = 1_440, maximumWAPE: Double = 0.5,
        minimumCallCoverage: Double = 0.8
    ) {
        self.mode = mode
        self.minimumMinutes = minimumMinutes
        self.maximumWAPE = maximumWAPE
        self.minimumCallCoverage = minimumCallCoverage
    }

    package struct Verdict: Sendable, Equatable {
        package var mayAct: Bool
        /// For the operator, with the figures.
        package var reason: String
    }

    package func verdict(_ error: ForecastError) -> Verdict {
        switch mode {
        case .off: return Verdict(mayAct: false, reason: "the forecast is off")
        case .shadow, .act: break
        }
        let figures =
            "WAPE \(percent(error.wape)), bias \(percent(error.bias)), room for "
            + "\(percent(error.callCoverage)) of calls over \(error.minutes) minutes"
        let held: String? =
            if error.minutes < minimumMinutes {
                "\(error.minutes) of \(minimumMinutes) minutes scored"
            } else if let wape = error.wape, wape > maximumWAPE {
                "WAPE above \(percent(maximumWAPE))"
            } else if let coverage = error.callCoverage, coverage < minimumCallCoverage {
                "room for less than \(percent(minimumCallCoverage)) of calls"
            } else if error.wape == nil {
                "no calls came"
            } else {
                nil
            }
        if mode == .shadow {
            return Verdict(
                mayAct: false, reason: "shadow, would \(held.map { "not act (\($0))" } ?? "act"): \(figures)")
        }
        return Verdict(mayAct: held == nil, reason: "\(held.map { "held back (\($0))" } ?? "acts"): \(figures)")
    }

    private func percent(_ share: Double?) -> String {
        guard let share, share.isFinite, abs(share) < 1e9 else { return "unknown" }
        let tenths = Int((share * 1_000).rounded())
        return "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10) %"
    }
}
