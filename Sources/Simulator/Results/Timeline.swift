import Time

/// A run at even intervals: a second, or more for traces of over a day.
package struct Timeline: Sendable, Equatable, Codable {
    package struct Sample: Sendable, Equatable, Codable {
        package var waiting: Int
        package var inFlight: Int
        /// By pool.
        package var starting: [Int]
        package var ready: [Int]
        /// Of the jobs that finished in the interval; `nil`: none did.
        package var p95Wait: Double?
        /// In the interval that ends here.
        package var arrivals = 0

        package init(waiting: Int, inFlight: Int, starting: [Int], ready: [Int], p95Wait: Double?) {
            self.waiting = waiting
            self.inFlight = inFlight
            self.starting = starting
            self.ready = ready
            self.p95Wait = p95Wait
        }

        package var workers: Int { starting.reduce(0, +) + ready.reduce(0, +) }
    }

    package private(set) var interval: Double
    package private(set) var samples: [Sample] = []
    private var arrivals = 0

    /// - Parameter end: microseconds.
    init(end: Int64) {
        interval = max(1, (Double(end) / 1e6 / 90_000).rounded(.up))
        samples.reserveCapacity(Int(Double(end) / 1e6 / interval) + 16)
    }

    /// When the next sample is due, in microseconds.
    var next: Int64 { Int64(Double(samples.count + 1) * interval * 1e6) }

    mutating func arrived(_ count: Int) { arrivals += count }

    mutating func sample(_ sample: Sample) {
        var sample = sample
        sample.arrivals = arrivals
        arrivals = 0
        samples.append(sample)
    }

    /// At most about `limit` samples: each stands for a group, with its largest backlog and wait, and all its arrivals.
    package func thinned(to limit: Int) -> Timeline {
        let group = (samples.count + limit - 1) / max(limit, 1)
        guard group > 1 else { return self }
        var thin = self
        thin.interval = interval * Double(group)
        thin.samples = stride(from: 0, to: samples.count, by: group).map { start in
            let part = samples[start..<min(start + group, samples.count)]
            var sample = part[start]
            sample.waiting = part.reduce(0) { max($0, $1.waiting) }
            sample.p95Wait = part.compactMap(\.p95Wait).max()
            sample.arrivals = part.reduce(0) { $0 + $1.arrivals }
            return sample
        }
        return thin
    }
}
