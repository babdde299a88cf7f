import Scaling
import Time

/// The workers of one simulated pool that are not ready yet, what the pool has cost, and what is measured of its starts.
struct SimulatedFleet: Sendable {
    private struct Starting: Sendable {
        var ordered: Int64
        var ready: Int64
        var count: Int
        var fails: Bool
    }

    let pool: SimulatedPool
    private var starting: [Starting] = []
    private(set) var startingCount = 0
    private(set) var nextReady: Int64?
    var startUpFactor = 1.0
    var failureShare = 0.0
    private(set) var starts = 0
    private(set) var succeeded = 0
    private(set) var failed = 0
    private(set) var peak = 0
    /// Worker-seconds from the order of the start until the worker is gone.
    private(set) var workerSeconds = 0.0
    private(set) var startUpSeconds = 0.0
    private var accrued: Int64 = 0
    private var samples: [Double] = []
    private var nextSample = 0

    init(_ pool: SimulatedPool) { self.pool = pool }

    /// Adds up what the pool's workers cost until `now`; called before any change.
    mutating func accrue(ready: Int, until now: Int64) {
        let seconds = Double(now - accrued) / 1e6
        workerSeconds += Double(ready + startingCount) * seconds
        startUpSeconds += Double(startingCount) * seconds
        accrued = now
    }

    /// Orders `count` starts. More than 64 at once become ready in 64 groups.
    mutating func start(_ count: Int, ready: Int, at now: Int64, noise: inout Noise) {
        guard count > 0 else { return }
        starts += count
        startingCount += count
        peak = max(peak, ready + startingCount)
        let groups = min(count, 64)
        for group in 0..<groups {
            let size = count * (group + 1) / groups - count * group / groups
            let spread = max(1 + pool.startUpSpread * noise.normal(), 0.2)
            let seconds = pool.startUp.seconds * startUpFactor * spread
            let fails = failureShare > 0 && noise.uniform() <= failureShare
            starting.append(
                Starting(ordered: now, ready: now + max(Int64(seconds * 1e6), 1), count: size, fails: fails))
        }
        nextReady = starting.reduce(Int64.max) { min($0, $1.ready) }
    }

    /// The workers that are ready by `now`.
    mutating func becomeReady(at now: Int64) -> Int {
        var count = 0
        for entry in starting where entry.ready <= now {
            startingCount -= entry.count
            if entry.fails {
                failed += entry.count
                continue
            }
            succeeded += entry.count
            count += entry.count
            for _ in 0..<min(entry.count, 64) { note(Double(entry.ready - entry.ordered) / 1e6) }
        }
        starting.removeAll { $0.ready <= now }
        nextReady = starting.isEmpty ? nil : starting.reduce(Int64.max) { min($0, $1.ready) }
        return count
    }

    func ages(at now: Int64) -> [Duration] {
        var ages: [Duration] = []
        ages.reserveCapacity(startingCount)
        for entry in starting {
            let age = Duration.microseconds(now - entry.ordered)
            for _ in 0..<entry.count { ages.append(age) }
        }
        return ages
    }

    /// The last 64, as the scaler keeps them.
    private mutating func note(_ seconds: Double) {
        if samples.count < 64 { samples.append(seconds) } else { samples[nextSample] = seconds }
        nextSample = (nextSample + 1) % 64
    }

    /// Median and 95th percentile; `nil` before the first worker was ready.
    var measured: StartUpTime? {
        guard !samples.isEmpty else { return nil }
        let sorted = samples.sorted()
        func rank(_ percent: Int) -> Duration {
            .microseconds(sorted[max((sorted.count * percent + 99) / 100, 1) - 1] * 1e6)
        }
        return StartUpTime(median: rank(50), slow: rank(95))
    }
}
