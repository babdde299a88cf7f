import Glibc

/// Maps values to positions from 0 to 1 along an axis, and says where its ticks stand.
package struct PlotScale {
    package enum Kind {
        case linear
        case logarithmic
    }

    package struct Tick {
        var value: Double
        var label: String
        /// Minor ticks are drawn without a label.
        var isMinor: Bool

        package init(value: Double, label: String, isMinor: Bool = false) {
            self.value = value
            self.label = label
            self.isMinor = isMinor
        }
    }

    let range: ClosedRange<Double>
    let kind: Kind
    let ticks: [Tick]

    /// - Parameter range: greater than zero where `kind` is logarithmic.
    package init(range: ClosedRange<Double>, kind: Kind, ticks: [Tick]) {
        self.range = range
        self.kind = kind
        self.ticks = ticks
    }

    func position(_ value: Double) -> Double {
        let value = min(max(value, range.lowerBound), range.upperBound)
        switch kind {
        case .linear: return (value - range.lowerBound) / (range.upperBound - range.lowerBound)
        case .logarithmic: return (log(value) - log(range.lowerBound)) / (log(range.upperBound) - log(range.lowerBound))
        }
    }

    /// From zero to a round number at or above `maximum`, with about four ticks. Whole numbers only where `isWhole`.
    package static func upTo(_ maximum: Double, isWhole: Bool, label: (Double) -> String) -> PlotScale {
        let maximum = max(maximum, isWhole ? 1 : 1e-9)
        let step = roundStep(maximum / 4, isWhole: isWhole)
        let top = (maximum / step).rounded(.up) * step
        let ticks = stride(from: 0, through: top + step / 2, by: step).map { Tick(value: $0, label: label($0)) }
        return PlotScale(range: 0...top, kind: .linear, ticks: ticks)
    }

    /// Whole decades around the values, each labelled, with minor ticks at 2 and 5.
    package static func decades(_ minimum: Double, _ maximum: Double, label: (Double) -> String) -> PlotScale {
        let first = log10(max(minimum, 1e-6)).rounded(.down)
        let last = max(log10(max(maximum, 1e-6)).rounded(.up), first + 1)
        var ticks: [Tick] = []
        for exponent in Int(first)...Int(last) {
            let decade = pow(10, Double(exponent))
            ticks.append(Tick(value: decade, label: label(decade)))
            if exponent < Int(last) {
                ticks.append(Tick(value: 2 * decade, label: "", isMinor: true))
                ticks.append(Tick(value: 5 * decade, label: "", isMinor: true))
            }
        }
        return PlotScale(range: pow(10, first)...pow(10, last), kind: .logarithmic, ticks: ticks)
    }

    /// Time since the run's start; labels are times of day of the profile where it has them.
    ///
    /// - Parameters:
    ///   - profileStart: The time of day of the run's first second; `nil`: labels are seconds of the run.
    ///   - speed: Profile seconds in one second of the run.
    package static func time(upTo seconds: Double, profileStart: Double?, speed: Double) -> PlotScale {
        let span = max(seconds, 1)
        let factor = profileStart == nil ? 1 : speed
        let steps: [Double] = [
            1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400,
        ]
        let step = steps.first { span * factor / $0 <= 8 } ?? (span * factor / 8)
        let start = profileStart ?? 0
        let first = (start / step).rounded(.up) * step
        let ticks = stride(from: first, through: start + span * factor, by: step).map { moment in
            Tick(
                value: (moment - start) / factor,
                label: profileStart == nil
                    ? Figures.tick(moment) : Figures.timeOfDay(moment, showsSeconds: step < 60))
        }
        return PlotScale(range: 0...span, kind: .linear, ticks: ticks)
    }

    private static func roundStep(_ rough: Double, isWhole: Bool) -> Double {
        let decade = pow(10, log10(rough).rounded(.down))
        let step = [1, 2, 2.5, 5, 10].map { $0 * decade }.first { $0 >= rough * 0.999 } ?? 10 * decade
        return isWhole ? max(1, step.rounded(.up)) : step
    }
}
