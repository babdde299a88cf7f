import Time

/// What the known autoscalers remember, by pool.
struct KnownState: Sendable, Equatable, Codable {
    struct Pool: Sendable, Equatable, Codable {
        var name: String
        var hpa = HPA.Memory()
        var kedaLag = KEDALag.Memory()
        var knativeKPA = KnativeKPA.Memory()
        var ray = RayServe.Memory()
        var awsBacklog = AWSBacklog.Memory()
    }

    var pools: [Pool] = []

    mutating func align(with policy: Policy) {
        if pools.elementsEqual(policy.pools, by: { $0.name == $1.name }) { return }
        let known = pools
        pools = policy.pools.map { pool in known.first { $0.name == pool.name } ?? Pool(name: pool.name) }
    }
}
