import Jobs
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
            if count > 0 { cohorts.append(Cohort(at: index * slot + slot / 2, count: count)) }
        }
    }

    /// Spreads counts of equal intervals evenly over them: how a recording of counts is replayed.
    package init(name: String, start: Timestamp = Trace.monday, interval: Duration, counts: [Int]) {
        let length = max(interval.wholeMicroseconds, 1)
        self.init(
            name: name, start: start, duration: .microseconds(length * Int64(counts.count)), cohorts: [])
        let total = counts.reduce(0, +)
        let isExact = total <= Self.exactLimit
        for (index, count) in counts.enumerated() where count > 0 {
            let parts = isExact ? count : min(count, max(Int(length / 50_000), 1))
            let origin = Int64(index) * length
            for part in 0..<parts {
                let jobs = count * (part + 1) / parts - count * part / parts
                let at = origin + (Int64(part) * 2 + 1) * length / Int64(parts * 2)
                cohorts.append(Cohort(at: at, count: jobs))
            }
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
