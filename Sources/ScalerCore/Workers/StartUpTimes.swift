package import Scaling

/// The last 64 measured times from start to ready of one pool.
package struct StartUpTimes: Sendable, Equatable {
    private static let limit = 64
    private var samples: [Duration] = []
    private var next = 0

    package init() {}

    package mutating func add(_ sample: Duration) {
        let sample = max(sample, .zero)
        if samples.count < Self.limit {
            samples.append(sample)
        } else {
            samples[next] = sample
        }
        next = (next + 1) % Self.limit
    }

    /// Median and 95th percentile (nearest rank); `nil` before the first sample.
    package var measured: StartUpTime? {
        guard !samples.isEmpty else { return nil }
        let sorted = samples.sorted()
        func rank(_ percent: Int) -> Duration { sorted[max((sorted.count * percent + 99) / 100, 1) - 1] }
        return StartUpTime(median: rank(50), slow: rank(95))
    }
}
