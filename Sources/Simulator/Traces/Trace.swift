import Jobs
import Random
package import Time
package import Traffic

/// What arrives, when. Jobs that come at the same instant are one cohort, so that a billion of them fit.
package struct Trace: Sendable {
    package struct Cohort: Sendable, Equatable {
        /// Microseconds since the trace's start.
        package var at: Int64
        package var count: Int32
        /// Raw value of the priority class; lower goes first.
        package var priority: UInt8

        package init(at: Int64, count: Int, priority: UInt8 = Trace.normalPriority) {
            self.at = at
            self.count = Int32(clamping: count)
            self.priority = priority
        }
    }

    package static let normalPriority: UInt8 = 1

    package var name: String
    /// The moment of its first second, so that calendars and forecasts know the time of day.
    package var start: Timestamp
    package var duration: Duration
    /// In order of time.
    package var cohorts: [Cohort]

    package init(name: String, start: Timestamp = Trace.monday, duration: Duration, cohorts: [Cohort]) {
        self.name = name
        self.start = start
        self.duration = duration
        self.cohorts = cohorts
    }

    /// 2026-06-01, a Monday, 08:00 in Berlin (06:00 UTC): where a trace without a date begins.
    package static let monday = Timestamp(microseconds: 1_780_293_600_000_000)

    package var count: Int { cohorts.reduce(0) { $0 + Int($1.count) } }

    /// Above this many calls, arrivals are drawn for slots of 50 ms instead of one by one.
    package static let exactLimit = 5_000_000

    /// Draws a trace from a profile.
    ///
    /// - Parameters:
    ///   - speed: 1; more compresses the profile beforehand (see `ArrivalProfile.compressed`).
    ///   - seed: the same seed, the same trace.
    package init(
        name: String, profile: ArrivalProfile, process: ArrivalProcess = .poisson, start: Timestamp = Trace.monday,
        seed: UInt64 = 1
    ) {
        self.init(name: name, start: start, duration: profile.duration, cohorts: [])
        let generator = SeededGenerator(seed: seed)
        if profile.expectedCalls <= Double(Self.exactLimit) {
            cohorts.reserveCapacity(Int(profile.expectedCalls * 1.05) + 16)
            for arrival in ArrivalSequence(profile, process: process, using: generator) {
                cohorts.append(Cohort(at: arrival.wholeMicroseconds, count: 1))
            }
            return
        }
        let slot: Int64 = 50_000
        var noise = Noise(generator)
        var expected = 0.0
        for index in 0..<(profile.duration.wholeMicroseconds / slot) {
            let until = profile.expectedCalls(until: .microseconds((index + 1) * slot))
            let mean = until - expected
            expected = until
            let count = process == .even ? Int(mean.rounded()) : noise.poisson(mean)
            let offset = Int64((1 - noise.uniform()) * Double(slot))
            if count > 0 { cohorts.append(Cohort(at: index * slot + offset, count: count)) }
        }
    }

    /// A span of time and how many jobs came in it.
    package struct Span: Sendable, Equatable {
        /// Microseconds since the trace's start.
        package var from: Int64
        package var until: Int64
        package var count: Int

        package init(from: Int64, until: Int64, count: Int) {
            self.from = from
            self.until = until
            self.count = count
        }
    }

    /// Where the jobs of a span stand in it.
    package enum Placement: Sendable {
        /// As callers come that know nothing of one another; the same seed, the same trace.
        case atRandom(seed: UInt64)
        /// For arrivals that were even.
        case even
    }

    /// Counts of equal intervals: how a recording of counts is replayed.
    package init(
        name: String, start: Timestamp = Trace.monday, interval: Duration, counts: [Int],
        placement: Placement = .atRandom(seed: 1)
    ) {
        let length = max(interval.wholeMicroseconds, 1)
        let spans = counts.enumerated().map { index, count in
            Span(from: Int64(index) * length, until: Int64(index + 1) * length, count: count)
        }
        self.init(name: name, start: start, spans: spans, placement: placement)
    }

    /// Places the jobs of each span within it.
    ///
    /// At random, unless they were even: evenly spaced, or many at one instant every 50 ms, they would meet the scaler's looks,
    /// 250 ms apart, always in the same phase. Every look then sees the moment at which all have just come, and a policy
    /// costs up to four times as much.
    /// - Parameter spans: in order of time, none within another.
    package init(name: String, start: Timestamp = Trace.monday, spans: [Span], placement: Placement) {
        let end = spans.last?.until ?? 0
        self.init(name: name, start: start, duration: .microseconds(end), cohorts: [])
        let total = spans.reduce(0) { $0 + max($1.count, 0) }
        // Beyond `exactLimit` cohorts of slots; longer ones where the trace is so long that there would be too many.
        let slot = total <= Self.exactLimit ? nil : max(50_000, end / Int64(2 * Self.exactLimit))
        cohorts.reserveCapacity(min(total, 2 * Self.exactLimit))
        var noise: Noise? =
            switch placement {
            case .atRandom(let seed): Noise(SeededGenerator(seed: seed))
            case .even: nil
            }
        for span in spans where span.count > 0 && span.until > span.from {
            let parts = min(slot.map { Int(max((span.until - span.from) / $0, 1)) } ?? span.count, span.count)
            cohorts += noise == nil ? Self.even(span, parts: parts) : Self.atRandom(span, parts: parts, &noise)
        }
    }

    private static func even(_ span: Span, parts: Int) -> [Cohort] {
        (0..<parts).map { part in
            let jobs = span.count * (part + 1) / parts - span.count * part / parts
            return Cohort(
                at: span.from + (Int64(part) * 2 + 1) * (span.until - span.from) / Int64(parts * 2), count: jobs)
        }
    }

    private static func atRandom(_ span: Span, parts: Int, _ noise: inout Noise?) -> [Cohort] {
        guard var drawn = noise else { return [] }
        defer { noise = drawn }
        guard parts == span.count else { return cohorts(of: span, parts: parts, &drawn) }
        let length = Double(span.until - span.from)
        let moments = (0..<span.count).map { _ in span.from + Int64((1 - drawn.uniform()) * length) }
        return moments.sorted().map { Cohort(at: $0, count: 1) }
    }

    /// The jobs of a span in `parts` slots, at a random instant of each.
    private static func cohorts(of span: Span, parts: Int, _ noise: inout Noise) -> [Cohort] {
        var left = span.count
        let length = Double(span.until - span.from) / Double(parts)
        return (0..<parts).compactMap { part in
            let count = noise.binomial(left, share: 1 / Double(parts - part))
            left -= count
            let at = span.from + Int64((Double(part) + 1 - noise.uniform()) * length)
            return count > 0 ? Cohort(at: at, count: count) : nil
        }
    }

    /// Jobs in each interval.
    package func counts(every interval: Duration) -> [Int] {
        let length = max(interval.wholeMicroseconds, 1)
        let slots = max(Int((duration.wholeMicroseconds + length - 1) / length), 1)
        var counts = [Int](repeating: 0, count: slots)
        for cohort in cohorts { counts[min(Int(cohort.at / length), slots - 1)] += Int(cohort.count) }
        return counts
    }
}
