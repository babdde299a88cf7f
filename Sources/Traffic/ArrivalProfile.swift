import Time

/// How many calls arrive per minute over the course of a day, as points joined by lines or held as steps.
///
/// A profile has no clock and no randomness; `ArrivalSequence` turns it into moments. Time inside a profile is
/// `elapsed`, counted from its first point. λ(t) is the rate in calls per second, Λ(t) = ∫λ the expected number of
/// calls up to t.
package struct ArrivalProfile: Sendable, Equatable {
    package struct Point: Sendable, Equatable {
        /// Time of day (since midnight), or an offset from any other origin that all points share.
        package var time: Duration
        package var callsPerMinute: Double

        package init(at time: Duration, callsPerMinute: Double) {
            self.time = time
            self.callsPerMinute = callsPerMinute
        }
    }

    package enum Interpolation: String, Sendable, CaseIterable, Codable {
        /// The rate moves on a straight line from point to point.
        case linear
        /// Each point's rate holds until the next point; the last point only ends the profile.
        case step
    }

    /// What stays the same when time is compressed.
    package enum Compression: String, Sendable, CaseIterable, Codable {
        /// The calls per second: the ramp is steeper, the peak as high, and there are fewer calls.
        case rates
        /// The number of calls: the peak is `speed` times as high.
        case calls
    }

    package let points: [Point]
    package let interpolation: Interpolation
    /// Λ at each point.
    private let expectedAtPoint: [Double]

    /// The most points that a profile may have: a week of minutes.
    package static let maximumPoints = 10_080

    /// - Throws: `ArrivalProfileError` naming the point when there are fewer than two points, times do not rise, a
    ///   rate is negative or not finite, or no call is expected at all.
    package init(points: [Point], interpolation: Interpolation = .linear) throws(ArrivalProfileError) {
        guard (2...Self.maximumPoints).contains(points.count) else {
            throw ArrivalProfileError(
                point: nil, "a profile needs 2 to \(Self.maximumPoints) points, got \(points.count)")
        }
        var expected = [0.0]
        for (index, point) in points.enumerated() {
            guard point.callsPerMinute.isFinite, (0...60_000_000).contains(point.callsPerMinute) else {
                throw ArrivalProfileError(
                    point: index, "calls per minute must be from 0 to 60000000, got \(point.callsPerMinute)")
            }
            guard index > 0 else { continue }
            let before = points[index - 1]
            guard point.time > before.time, point.time - before.time <= .seconds(31 * 86_400) else {
                throw ArrivalProfileError(point: index, "its time must be after that of the point before it")
            }
            let mean =
                interpolation == .linear
                ? (before.callsPerMinute + point.callsPerMinute) / 2 : before.callsPerMinute
            expected.append(expected[index - 1] + mean / 60 * (point.time - before.time).seconds)
        }
        guard let total = expected.last, total > 0 else {
            throw ArrivalProfileError(point: nil, "the profile expects no call at all")
        }
        self.points = points
        self.interpolation = interpolation
        self.expectedAtPoint = expected
    }

    /// The time of day at which the profile begins.
    package var start: Duration { points[0].time }

    package var duration: Duration { points[points.count - 1].time - start }

    /// The expected number of calls of the whole profile.
    package var expectedCalls: Double { expectedAtPoint[points.count - 1] }

    /// The highest rate, calls per second.
    package var peakRate: Double {
        let rates = interpolation == .linear ? points[...] : points.dropLast()
        return (rates.map(\.callsPerMinute).max() ?? 0) / 60
    }

    /// λ(elapsed), calls per second; 0 outside the profile.
    package func rate(at elapsed: Duration) -> Double {
        guard elapsed >= .zero, elapsed <= duration else { return 0 }
        let segment = segment(at: elapsed)
        return segment.rate + segment.slope * (elapsed - segment.start).seconds
    }

    /// Λ(elapsed), the number of calls expected before `elapsed`; constant after the end.
    package func expectedCalls(until elapsed: Duration) -> Double {
        guard elapsed > .zero else { return 0 }
        guard elapsed < duration else { return expectedCalls }
        let segment = segment(at: elapsed)
        let inside = (elapsed - segment.start).seconds
        return segment.expected + segment.rate * inside + segment.slope * inside * inside / 2
    }

    /// Λ⁻¹(calls), the moment at which that many calls are expected to have come; `nil` beyond the last call.
    ///
    /// Within a segment of rate r and slope a the number of calls after time t is n = r·t + a·t²/2. Its root is taken
    /// in the form t = 2n / (r + √(r² + 2·a·n)), which neither divides by a = 0 nor cancels. O(log points).
    package func time(ofExpectedCalls calls: Double) -> Duration? {
        guard calls >= 0, calls < expectedCalls else { return nil }
        let index = lastIndex { expectedAtPoint[$0] <= calls }
        let segment = segment(index)
        let remaining = calls - segment.expected
        let root = max(0, segment.rate * segment.rate + 2 * segment.slope * remaining).squareRoot()
        let divisor = segment.rate + root
        let inside = divisor > 0 ? 2 * remaining / divisor : 0
        return min(segment.start + .nanoseconds(Int64(inside * 1e9)), duration)
    }

    /// The same day in `1 / speed` of the time.
    ///
    /// - Parameter speed: 0.001 to 1,000,000; 60 turns an hour into a minute.
    /// - Example: the morning peak at speed 20 takes 3 minutes; keeping `.rates` it has 15,150 calls and a peak of
    ///   167/s, keeping `.calls` it has 303,000 calls and a peak of 3,333/s.
    package func compressed(by speed: Double, keeping kept: Compression) throws(ArrivalProfileError) -> ArrivalProfile {
        guard (1e-3...1e6).contains(speed) else {
            throw ArrivalProfileError(point: nil, "speed must be between 0.001 and 1000000, got \(speed)")
        }
        let factor = kept == .calls ? speed : 1
        let origin = start
        return try ArrivalProfile(
            points: points.map {
                Point(
                    at: origin + .nanoseconds(Int64(($0.time - origin).seconds / speed * 1e9)),
                    callsPerMinute: $0.callsPerMinute * factor)
            }, interpolation: interpolation)
    }

    private struct Segment {
        var start: Duration
        var expected: Double
        var rate: Double
        var slope: Double
    }

    private func segment(at elapsed: Duration) -> Segment {
        let origin = start
        return segment(lastIndex { points[$0].time - origin <= elapsed })
    }

    private func segment(_ index: Int) -> Segment {
        let index = min(index, points.count - 2)
        let (from, to) = (points[index], points[index + 1])
        let slope =
            interpolation == .linear
            ? (to.callsPerMinute - from.callsPerMinute) / 60 / (to.time - from.time).seconds : 0
        return Segment(
            start: from.time - start, expected: expectedAtPoint[index], rate: from.callsPerMinute / 60, slope: slope)
    }

    /// The last index of a point for which `holds` is true; it holds for a prefix of the points that includes the first.
    private func lastIndex(where holds: (Int) -> Bool) -> Int {
        var (low, high) = (0, points.count - 1)
        while low < high {
            let middle = (low + high + 1) / 2
            if holds(middle) { low = middle } else { high = middle - 1 }
        }
        return low
    }
}

/// Why points do not make a profile.
package struct ArrivalProfileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The point at fault, counted from 0; `nil` when it is the profile as a whole.
    package var point: Int?
    package var message: String

    package init(point: Int?, _ message: String) {
        self.point = point
        self.message = message
    }

    package var description: String { point.map { "point \($0 + 1): \(message)" } ?? message }
}
