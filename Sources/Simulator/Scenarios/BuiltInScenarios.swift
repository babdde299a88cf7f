import Scaling
import Time
package import Traffic

/// The traces that a policy is tried on. All but one take 20 ms a prediction without batching, 10 s to start a worker
/// and a deadline of 30 s, the numbers; what differs is what arrives and what goes wrong.
package enum BuiltInScenario: String, Sendable, CaseIterable {
    case morningPeak = "morning-peak"
    case flashCrowd = "flash-crowd"
    case sawTooth = "saw-tooth"
    case slowRamp = "slow-ramp"
    case onOff = "on-off"
    case spotKill = "spot-kill"
    case startUpDoubling = "start-up-doubling"
    case bursts
    case trickle
    case day
    case failingStarts = "failing-starts"
    case batches
    case twoPools = "two-pools"

    package var summary: String {
        switch self {
        case .morningPeak: "100 calls in the minute of 8:00, 10,000 in that of 8:30, back to 100 by 9:00"
        case .flashCrowd: "60 calls a minute, then 30,000 a minute within 10 s for three minutes"
        case .sawTooth: "up and down between 600 and 24,000 a minute in 300 s, the HPA's stabilisation window"
        case .slowRamp: "from 300 to 30,000 a minute over two hours"
        case .onOff: "15,000 a minute for ten minutes, nothing for ten, three times"
        case .spotKill: "24,000 a minute; after 15 min half the workers are gone at once"
        case .startUpDoubling: "two waves to 18,000 a minute; before the second one starts take twice as long"
        case .bursts: "3,000 a minute with random bursts of 30 s at three to twelve times that"
        case .trickle: "one call every two minutes on average: from zero and back to zero"
        case .day: "a day: 60 a minute at night, 12,000 before noon, 9,000 in the afternoon"
        case .failingStarts: "a step to 18,000 a minute while nine of ten starts fail for two minutes"
        case .batches: "20 ms a batch and 2 ms a row, up to 32 rows: a ramp to 60,000 a minute"
        case .twoPools: "a CPU pool of 6 and a GPU pool four times as fast at three times the price: a ramp to 24,000"
        }
    }

    /// - Parameter seed: arrivals, start-up times and losses follow from it.
    package func scenario(seed: UInt64 = 1) throws(ArrivalProfileError) -> Scenario {
        let trace = Trace(name: rawValue, profile: try profile(seed: seed), start: start, seed: seed)
        var scenario = Scenario(
            name: rawValue, summary: summary, trace: trace, model: model, pools: pools, disruptions: disruptions,
            seed: seed)
        if self == .morningPeak { scenario.clock = 8 * 3_600 }
        return scenario
    }

    /// The issue's own load begins at 8:00 in Berlin; the day at midnight there.
    private var start: Timestamp { self == .day ? Trace.monday - .seconds(8 * 3_600) : Trace.monday }

    private var model: SimulatedModel {
        let cost =
            self == .batches
            ? ServiceCost(fixed: .milliseconds(20), perRow: .milliseconds(2))
            : ServiceCost(fixed: .zero, perRow: .milliseconds(20))
        return SimulatedModel(
            name: "model", cost: cost, maximumRows: self == .batches ? 32 : 1, deadline: .seconds(30))
    }

    private var pools: [SimulatedPool] {
        self == .twoPools
            ? [
                SimulatedPool(name: "cpu", startUp: .seconds(10), maximum: 6, pricePerHour: 0.1),
                SimulatedPool(
                    name: "gpu", startUp: .seconds(25), maximum: 4, pricePerHour: 0.3, slowdown: 0.25),
            ] : [SimulatedPool(maximum: 40)]
    }

    private var disruptions: [Disruption] {
        switch self {
        case .spotKill: [Disruption(at: .seconds(900), .kill(share: 0.5))]
        case .startUpDoubling: [Disruption(at: .seconds(1_500), .startUpFactor(2))]
        case .failingStarts:
            [
                Disruption(at: .seconds(300), .startFailures(share: 0.9)),
                Disruption(at: .seconds(420), .startFailures(share: 0)),
            ]
        default: []
        }
    }

    private func profile(seed: UInt64) throws(ArrivalProfileError) -> ArrivalProfile {
        switch self {
        case .morningPeak: return try .morningPeak()
        case .flashCrowd:
            return try lines([(0, 60), (600, 60), (610, 30_000), (790, 30_000), (800, 60), (1_800, 60)])
        case .sawTooth:
            var teeth: [(Double, Double)] = []
            for half in 0...12 { teeth.append((Double(half) * 300, half.isMultiple(of: 2) ? 600 : 24_000)) }
            return try lines(teeth)
        case .slowRamp: return try lines([(0, 300), (7_200, 30_000)])
        case .onOff:
            let points: [(Double, Double)] = [
                (0, 15_000), (600, 0), (1_200, 15_000), (1_800, 0), (2_400, 15_000), (3_000, 0), (3_600, 0),
            ]
            return try lines(points, interpolation: .step)
        case .spotKill: return try lines([(0, 1_000), (300, 24_000), (1_800, 24_000)])
        case .startUpDoubling:
            return try lines([(0, 600), (600, 18_000), (1_200, 600), (1_500, 600), (2_100, 18_000), (2_700, 600)])
        case .bursts: return try lines(bursts(seed: seed), interpolation: .step)
        case .trickle: return try lines([(0, 0.5), (14_400, 0.5)])
        case .day:
            let hours: [(Double, Double)] = [
                (0, 60), (5, 60), (7, 1_200), (8.5, 9_000), (11, 12_000), (12.5, 6_000), (15, 9_000), (18, 3_000),
                (22, 300), (24, 60),
            ]
            return try lines(hours.map { ($0.0 * 3_600, $0.1) })
        case .failingStarts: return try lines([(0, 600), (300, 600), (305, 18_000), (1_200, 18_000), (1_500, 600)])
        case .batches: return try lines([(0, 600), (900, 60_000), (1_200, 60_000), (1_800, 600)])
        case .twoPools: return try lines([(0, 600), (900, 24_000), (1_500, 24_000), (2_400, 600)])
        }
    }

    private func lines(
        _ points: [(Double, Double)], interpolation: ArrivalProfile.Interpolation = .linear
    ) throws(ArrivalProfileError) -> ArrivalProfile {
        try ArrivalProfile(
            points: points.map { .init(at: .microseconds($0.0 * 1e6), callsPerMinute: $0.1) },
            interpolation: interpolation)
    }

    /// Calm of one to four minutes, then 30 s at three to twelve times the rate, for an hour.
    private func bursts(seed: UInt64) -> [(Double, Double)] {
        var noise = Noise(seed: seed &+ 77)
        var points: [(Double, Double)] = []
        var at = 0.0
        while at < 3_500 {
            points.append((at, 3_000))
            at += 60 + 180 * noise.uniform()
            points.append((at, 3_000 * (3 + 9 * noise.uniform())))
            at += 30
        }
        points.append((at, 3_000))
        points.append((at + 60, 0))
        return points
    }
}
