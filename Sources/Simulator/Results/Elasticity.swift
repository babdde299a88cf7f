import Scaling
import Time

/// How closely the supply of workers followed the demand, as SPEC measures it.
///
/// The demand d(t) is the number of workers that carries the arrivals of the deadline's length around t (10 s at least)
/// at full batches: what must be there in the long run, since work can be put off by a deadline and no longer. The
/// supply s(t) is the ready workers, of slower pools by their speed. With T the time of the trace:
///
/// | name | meaning |
/// |---|---|
/// | under | θ_U = 1/T ∫ max(d − s, 0) / d dt: mean share of the demand that was missing |
/// | over | θ_O = 1/T ∫ max(s − d, 0) / d dt: mean share that was too much |
/// | underShare, overShare | τ_U, τ_O: share of the time under and over |
/// | instability | υ: share of the time in which supply and demand moved in different directions |
///
/// Where the demand is zero, a worker too much counts as one.
///
/// - Source: Herbst et al., "Ready for Rain?", SPEC-RG-2016-01, arXiv:1604.03470.
package struct Elasticity: Sendable, Equatable, Codable {
    package var under = 0.0
    package var over = 0.0
    package var underShare = 0.0
    package var overShare = 0.0
    package var instability = 0.0

    init(timeline: Timeline, scenario: Scenario) {
        let demand = Self.demand(of: scenario, interval: timeline.interval)
        let samples = timeline.samples.prefix(demand.count)
        guard samples.count > 1 else { return }
        var before: (supply: Double, demand: Double)?
        for (index, sample) in samples.enumerated() {
            let need = demand[index]
            var supply = 0.0
            for (pool, ready) in sample.ready.enumerated() {
                supply += Double(ready) / max(scenario.pools[pool].slowdown, 1e-9)
            }
            under += max(need - supply, 0) / max(need, 1)
            over += max(supply - need, 0) / max(need, 1)
            if supply < need { underShare += 1 }
            if supply > need { overShare += 1 }
            if let before, Self.sign(supply - before.supply) != Self.sign(need - before.demand) { instability += 1 }
            before = (supply, need)
        }
        let count = Double(samples.count)
        under /= count
        over /= count
        underShare /= count
        overShare /= count
        instability /= count
    }

    private static func sign(_ value: Double) -> Int { value > 0 ? 1 : value < 0 ? -1 : 0 }

    /// Whole workers by interval.
    static func demand(of scenario: Scenario, interval: Double) -> [Double] {
        let counts = scenario.trace.counts(every: .microseconds(interval * 1e6))
        let window = max(scenario.model.objective.seconds, 10)
        let half = max(Int(window / interval / 2), 0)
        let perJob = scenario.model.fullBatchSecondsPerRow
        var sums = [0]
        for count in counts { sums.append((sums.last ?? 0) + count) }
        return counts.indices.map { index in
            let low = max(index - half, 0)
            let high = min(index + half + 1, counts.count)
            let rate = Double(sums[high] - sums[low]) / (Double(high - low) * interval)
            return (rate * perJob - 1e-9).rounded(.up)
        }
    }
}

extension SimulatedModel {
    /// A worker's seconds for one row in full batches on a pool of slowdown 1.
    package var fullBatchSecondsPerRow: Double {
        let rows = Double(maximumRows)
        return (cost.fixed.seconds / rows + cost.perRow.seconds) / Double(max(cost.instances, 1))
    }
}
