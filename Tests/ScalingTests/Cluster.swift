import Scaling
import Time

/// One pool `cpu` and one model `m` of 10 ms a job, seen at a moment, for tests of a single decision.
struct Cluster {
    var policy: Policy
    var state = PolicyState()
    var now = Timestamp.zero + .seconds(1_000)
    var model = ModelObservation(name: "m")
    var pool = PoolObservation(name: "cpu", startUp: StartUpTime(median: .seconds(10), slow: .seconds(11)))
    var isFresh = true

    init(deadline: Duration? = .seconds(30), minimum: Int = 0, maximum: Int = 20, price: Double = 1) {
        policy = Policy(
            models: [
                ModelPolicy(
                    name: "m", pools: ["cpu"], maximumRows: 1,
                    assumedCost: ServiceCost(fixed: .zero, perRow: .milliseconds(10)), deadline: deadline)
            ],
            pools: [
                PoolPolicy(
                    name: "cpu", minimum: minimum, maximum: maximum, pricePerHour: price, assumedStartUp: .seconds(10))
            ])
    }

    /// One look, `later` than the last one.
    mutating func look(after later: Duration = .milliseconds(250)) -> Decision {
        now = now + later
        let read = isFresh ? now : now - .seconds(60)
        return decide(
            Observation(time: now, queuesRead: read, workersRead: read, models: [model], pools: [pool]),
            policy: policy, state: &state)
    }

    mutating func lookAtPool(after later: Duration = .milliseconds(250)) throws -> PoolDecision {
        let decision = look(after: later)
        guard let pool = decision.pools.first else { throw Missing() }
        return pool
    }

    struct Missing: Error {}
}

extension PoolDecision {
    func rule(_ kind: Guard.Kind) -> Guard? { guards.first { $0.kind == kind } }
    func candidate(_ proposer: Candidate.Proposer) -> Candidate? { candidates.first { $0.proposer == proposer } }
}
