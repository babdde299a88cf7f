import Time

/// Keeps all pools together within the money of an hour, and names what is given up for it.
///
/// Every worker that is there costs, leaving ones too. What is too much is taken from the starts of the pool that costs
/// most per prediction, then from its idle workers; busy ones finish.
struct Budget {
    let perHour: Double
    let demand: Demand
    let situations: [PoolSituation]
    let isFresh: Bool

    /// - Returns: the pools that were cut.
    func apply(to decisions: inout [PoolDecision]) -> [Int] {
        guard spent(decisions) > perHour + 1e-9 else { return [] }
        var cuts: [Int] = []
        let dearest = situations.indices.sorted { one, other in
            let prices = (pricePerPrediction(one), pricePerPrediction(other))
            return prices.0 == prices.1 ? one > other : prices.0 > prices.1
        }
        for pool in dearest where spent(decisions) > perHour + 1e-9 {
            let price = situations[pool].policy.pricePerHour
            guard price > 0, decisions[pool].starts > 0 else { continue }
            let excess = Int(min(((spent(decisions) - perHour) / price - 1e-9).rounded(.up), 1_000_000))
            let cut = min(excess, decisions[pool].starts)
            decisions[pool].starts -= cut
            lower(&decisions[pool], by: cut, pool: pool)
            cuts.append(pool)
        }
        guard isFresh else { return cuts }
        for pool in dearest where standing(decisions) > perHour + 1e-9 {
            let price = situations[pool].policy.pricePerHour
            let seen = situations[pool].observation
            let free = seen.idle - max(seen.protected, 0) - decisions[pool].drains
            guard price > 0, free > 0, !situations[pool].policy.isPaused, decisions[pool].starts == 0 else { continue }
            let excess = Int(min(((standing(decisions) - perHour) / price - 1e-9).rounded(.up), 1_000_000))
            let cut = min(excess, free)
            decisions[pool].drains += cut
            lower(&decisions[pool], by: cut, pool: pool)
            cuts.append(pool)
        }
        return cuts
    }

    /// Money an hour of all that are there.
    static func spent(_ situations: [PoolSituation]) -> Double {
        situations.reduce(0) { sum, situation in
            let workers = situation.total + situation.observation.draining + situation.observation.leaving
            return sum + Double(workers) * situation.policy.pricePerHour
        }
    }

    /// Money an hour of all that are there or are started.
    private func spent(_ decisions: [PoolDecision]) -> Double {
        situations.indices.reduce(Self.spent(situations)) { sum, pool in
            sum + Double(decisions[pool].starts) * situations[pool].policy.pricePerHour
        }
    }

    /// The same, once those that drain are gone.
    private func standing(_ decisions: [PoolDecision]) -> Double {
        situations.indices.reduce(0) { sum, pool in
            let workers = situations[pool].total + decisions[pool].starts - decisions[pool].drains
            return sum + Double(workers) * situations[pool].policy.pricePerHour
        }
    }

    private func lower(_ decision: inout PoolDecision, by count: Int, pool: Int) {
        let names = demand.index.models.indices.filter { model in
            demand.works[model].waiting + demand.works[model].due > 0
                && (demand.index.first[model]..<demand.index.first[model + 1]).contains {
                    demand.index.options[$0].pool == pool && demand.shares[$0] > 0
                }
        }.prefix(3).map { demand.index.models[$0].name }
        let sacrifice = names.isEmpty ? "no model has work waiting" : names.joined(separator: ", ") + " waits longer"
        let detail = "\(Words.number(perHour)) an hour; \(sacrifice)"
        let wanted = max(decision.wanted - count, 0)
        decision.guards.append(Guard(kind: .budget, from: decision.wanted, to: wanted, detail: detail))
        decision.wanted = wanted
        decision.figures.costPerHour = Double(wanted) * situations[pool].policy.pricePerHour
        let work = decision.figures.work
        decision.figures.drainTime = work == .zero ? .zero : wanted > 0 ? work / wanted : nil
    }

    private func pricePerPrediction(_ pool: Int) -> Double {
        var most = 0.0
        for option in demand.index.options.indices
        where demand.index.options[option].pool == pool && demand.shares[option] > 0 {
            most = max(most, demand.index.options[option].price)
        }
        return most
    }
}
