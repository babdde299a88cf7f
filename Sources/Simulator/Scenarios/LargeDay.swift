import Scaling
import Time
package import Traffic

/// A day of a billion requests on up to 10,000 workers: what the simulator's own speed is measured with.
///
/// | quantity | value |
/// |---|---|
/// | requests | 1,000,000,000 in 24 h, 11,574 a second on average, 23,000 at the peak |
/// | a batch | 200 ms and 350 ms a row, at most 8 rows: 3 s for eight |
/// | at the peak | 8,700 workers busy; the pool's maximum is 10,000 |
package enum LargeDay {
    package static func scenario(requests: Double = 1e9, seed: UInt64 = 1) throws(ArrivalProfileError) -> Scenario {
        // Calls a minute whose mean over the day is 1, times what gives the wanted number.
        let shape: [(Double, Double)] = [
            (0, 0.3), (5, 0.2), (8, 1.2), (11, 1.9), (13, 1.6), (16, 1.98), (20, 1.0), (24, 0.3),
        ]
        var area = 0.0
        for (from, to) in zip(shape, shape.dropFirst()) { area += (from.1 + to.1) / 2 * (to.0 - from.0) * 60 }
        let profile = try ArrivalProfile(
            points: shape.map { .init(at: .seconds($0.0 * 3_600), callsPerMinute: $0.1 * requests / area) })
        return Scenario(
            name: "large-day", summary: "a day of a billion requests",
            trace: Trace(
                name: "large-day", profile: profile, start: Trace.monday - .seconds(8 * 3_600), seed: seed),
            model: SimulatedModel(
                name: "model", cost: ServiceCost(fixed: .milliseconds(200), perRow: .milliseconds(350)),
                maximumRows: 8, deadline: .seconds(30)),
            pools: [SimulatedPool(startUp: .seconds(30), maximum: 10_000)], lookInterval: .seconds(1), seed: seed)
    }
}
