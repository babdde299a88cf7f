import Time

/// What follows from the policy and the measured costs alone, kept from one decision to the next so that none looks up a
/// name or sorts pools by price. Not part of the state's value: it is neither encoded nor compared.
struct PolicyIndex: Sendable {
    /// A model on a pool that may serve it.
    struct Option: Sendable {
        var pool: Int
        /// Seconds.
        var fixed: Double
        var perRow: Double
        var instances: Double
        /// Of a worker, in full batches.
        var secondsPerRow: Double
        /// Of a full batch.
        var batchSeconds: Double
        /// Money of a prediction, up to a factor that is the same for all.
        var price: Double
        var isMeasured: Bool

        /// A worker's seconds for `rows` rows in batches of `batchRows`; at least one batch, however few they are.
        func seconds(for rows: Double, batchRows: Double) -> Double {
            guard rows > 0 else { return 0 }
            return (max(rows / batchRows, 1) * fixed + rows * perRow) / instances
        }
    }

    private(set) var models: [ModelPolicy] = []
    private(set) var pools: [PoolPolicy] = []
    /// Grouped by model; cheapest per prediction first where all are measured, else in the model's order.
    private(set) var options: [Option] = []
    /// Place of each model's first option; one more at the end.
    private(set) var first: [Int] = [0]
    /// Seconds from submit to result, three a model, by rank of class; infinite where the model has none. A class without
    /// one beside others that have one gets the longest of them.
    private(set) var deadlines: [Double] = []
    /// The shortest of each model.
    private(set) var tightest: [Double] = []

    init() {}

    /// O(1) where the policy is the very one of the last decision.
    func matches(_ policy: Policy) -> Bool { models == policy.models && pools == policy.pools }

    mutating func build(for policy: Policy, costs: [[ServiceCost?]]) {
        models = policy.models
        pools = policy.pools
        options = []
        first = [0]
        deadlines = []
        tightest = []
        for (index, model) in models.enumerated() {
            for name in model.pools {
                guard let pool = pools.firstIndex(where: { $0.name == name }) else { continue }
                let measured = index < costs.count && pool < costs[index].count ? costs[index][pool] : nil
                options.append(makeOption(model: model, pool: pool, measured: measured))
            }
            first.append(options.count)
            sort(index)
            let byClass = JobClass.allCases.map { model.deadline(of: $0)?.seconds }
            let longest = byClass.reduce(nil as Double?) { most, next in next.map { max(most ?? 0, $0) } ?? most }
            for deadline in byClass { deadlines.append(deadline ?? longest ?? .infinity) }
            tightest.append(byClass.reduce(.infinity) { min($0, $1 ?? .infinity) })
        }
    }

    /// Takes in a cost that was measured anew.
    mutating func update(model: Int, pool: Int, cost: ServiceCost) {
        for index in first[model]..<first[model + 1] where options[index].pool == pool {
            options[index] = makeOption(model: models[model], pool: pool, measured: cost)
            sort(model)
            return
        }
    }

    private func makeOption(model: ModelPolicy, pool: Int, measured: ServiceCost?) -> Option {
        let cost = measured ?? model.assumedCost
        let secondsPerRow = cost.secondsPerRow(batchRows: model.maximumRows)
        return Option(
            pool: pool, fixed: cost.fixed.seconds, perRow: cost.perRow.seconds, instances: Double(cost.instances),
            secondsPerRow: secondsPerRow, batchSeconds: cost.batchSeconds(rows: model.maximumRows),
            price: pools[pool].pricePerHour * secondsPerRow, isMeasured: measured != nil)
    }

    /// Stable, so that the model's order decides between equals.
    private mutating func sort(_ model: Int) {
        let names = models[model].pools
        let range = first[model]..<first[model + 1]
        guard range.count > 1 else { return }
        let isMeasured = options[range].allSatisfy(\.isMeasured)
        let places = options[range].map { option in (option, names.firstIndex(of: pools[option.pool].name) ?? 0) }
        let sorted = places.sorted { one, other in
            !isMeasured || one.0.price == other.0.price ? one.1 < other.1 : one.0.price < other.0.price
        }
        options.replaceSubrange(range, with: sorted.map(\.0))
    }
}

/// Derived from what stands beside it, so equal in any two equal states.
extension PolicyIndex: Equatable {
    static func == (lhs: PolicyIndex, rhs: PolicyIndex) -> Bool { true }
}

extension PolicyIndex: Codable {
    init(from decoder: any Decoder) throws { self.init() }
    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(false)
    }
}
