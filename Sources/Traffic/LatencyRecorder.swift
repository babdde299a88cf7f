import Histogram
import Time

/// Latencies of one kind in an HdrHistogram: 1 µs to 1 hour, three significant digits, about 200 KB.
package struct LatencyRecorder: Sendable {
    private var histogram: Histogram<UInt64>
    private var sumOfSeconds = 0.0

    package static let longest: Duration = .seconds(3600)

    package init() {
        histogram = Histogram(
            lowestDiscernibleValue: 1, highestTrackableValue: UInt64(Self.longest.wholeMicroseconds),
            numberOfSignificantValueDigits: .three)
    }

    package var count: Int { Int(clamping: histogram.totalCount) }

    /// Records one latency; what is below 1 µs or above an hour counts as the nearest of the two.
    package mutating func record(_ latency: Duration) {
        let microseconds = Swift.min(Swift.max(latency.wholeMicroseconds, 1), Self.longest.wholeMicroseconds)
        _ = histogram.record(UInt64(microseconds))
        sumOfSeconds += latency.seconds
    }

    package mutating func reset() {
        histogram.reset()
        sumOfSeconds = 0
    }

    /// The latency that `percentile` (0 to 100) of the recorded ones do not exceed; `nil` when there are none.
    package func value(atPercentile percentile: Double) -> Duration? {
        guard count > 0 else { return nil }
        return .microseconds(Int64(clamping: histogram.valueAtPercentile(percentile)))
    }

    package func summary() -> LatencySummary? {
        guard count > 0 else { return nil }
        func at(_ percentile: Double) -> Double { value(atPercentile: percentile)?.seconds ?? 0 }
        return LatencySummary(
            count: count, meanSeconds: sumOfSeconds / Double(count), p50Seconds: at(50), p75Seconds: at(75),
            p90Seconds: at(90), p95Seconds: at(95), p99Seconds: at(99), p999Seconds: at(99.9), maximumSeconds: at(100),
            curve: curve())
    }

    /// The percentile curve, denser toward its tail.
    private func curve() -> [LatencySummary.CurvePoint] {
        let percentiles: [Double] = [
            0, 5, 10, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 92.5, 95, 97.5, 98, 99, 99.5, 99.75, 99.9, 99.95, 99.99,
            99.999,
        ]
        // A percentile finer than one in `count` would only repeat the maximum.
        return percentiles.filter { $0 <= 50 || (100 - $0) / 100 * Double(count) >= 1 }.map { percentile in
            LatencySummary.CurvePoint(
                percentile: percentile, seconds: value(atPercentile: percentile)?.seconds ?? 0)
        } + [LatencySummary.CurvePoint(percentile: 100, seconds: value(atPercentile: 100)?.seconds ?? 0)]
    }
}

/// The distribution of latencies in a report.
package struct LatencySummary: Sendable, Equatable, Codable {
    package struct CurvePoint: Sendable, Equatable, Codable {
        package var percentile: Double
        package var seconds: Double

        package init(percentile: Double, seconds: Double) {
            self.percentile = percentile
            self.seconds = seconds
        }
    }

    package var count: Int
    package var meanSeconds: Double
    package var p50Seconds: Double
    package var p75Seconds: Double
    package var p90Seconds: Double
    package var p95Seconds: Double
    package var p99Seconds: Double
    package var p999Seconds: Double
    package var maximumSeconds: Double
    package var curve: [CurvePoint]

    package init(
        count: Int, meanSeconds: Double, p50Seconds: Double, p75Seconds: Double, p90Seconds: Double,
        p95Seconds: Double, p99Seconds: Double, p999Seconds: Double, maximumSeconds: Double, curve: [CurvePoint]
    ) {
        self.count = count
        self.meanSeconds = meanSeconds
        self.p50Seconds = p50Seconds
        self.p75Seconds = p75Seconds
        self.p90Seconds = p90Seconds
        self.p95Seconds = p95Seconds
        self.p99Seconds = p99Seconds
        self.p999Seconds = p999Seconds
        self.maximumSeconds = maximumSeconds
        self.curve = curve
    }
}
