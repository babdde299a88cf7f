import Time

/// What the policy remembers from one decision to the next; a value, so that a recording can be replayed.
package struct PolicyState: Sendable, Equatable, Codable {
    struct Model: Sendable, Equatable, Codable {
        var name: String
        var arrivals = ArrivalRate()
        /// The last measured cost on each pool, in the policy's order of pools; kept when the last worker is gone, so
        /// that the next burst from zero is judged by it.
        var costs: [ServiceCost?]
    }

    struct Pool: Sendable, Equatable, Codable {
        var name: String
        var wanted: Int?
        var window = WantedWindow()
        var backOff = StartBackOff()
        var slowStarts = SlowStarts()
        var started = MoveLog()
        var drained = MoveLog()
        /// When there last was anything to do for the pool.
        var lastWork: Timestamp?
        /// The last decision was asked by the rate alone for more than there are.
        var isRateRising = false
    }

    var models: [Model] = []
    var pools: [Pool] = []
    var index = PolicyIndex()
    /// What another algorithm remembers; empty while `spate` decides.
    var algorithm = AlgorithmState()

    /// As in recordings.
    private enum CodingKeys: String, CodingKey {
        case models
        case pools
        case index
        case algorithm = "known"
    }

    package init() {}

    /// Forgets what rate limits count: decisions that were made while another scaler led were not carried out.
    package mutating func forgetMoves() {
        for index in pools.indices {
            pools[index].started.clear()
            pools[index].drained.clear()
        }
    }

    /// Brings the order of the state to that of the policy; keeps what is known by name (a policy can be reloaded).
    /// O(1) while the policy stays.
    mutating func align(with policy: Policy) {
        guard !index.matches(policy) || pools.isEmpty else { return }
        defer { index.build(for: policy, costs: models.map(\.costs)) }
        let arePoolsKnown = pools.elementsEqual(policy.pools) { $0.name == $1.name }
        if arePoolsKnown, models.elementsEqual(policy.models, by: { $0.name == $1.name }) { return }
        let known = self
        pools = policy.pools.map { pool in known.pools.first { $0.name == pool.name } ?? Pool(name: pool.name) }
        models = policy.models.map { model in
            let old = known.models.first { $0.name == model.name }
            let costs = policy.pools.map { pool -> ServiceCost? in
                guard let index = known.pools.firstIndex(where: { $0.name == pool.name }) else { return nil }
                return old?.costs[index]
            }
            return Model(name: model.name, arrivals: old?.arrivals ?? ArrivalRate(), costs: costs)
        }
    }
}
