package import Scaling
import Time

/// Everything that a simulation needs beside a policy: what arrives, what a prediction costs, which pools there are, and
/// what goes wrong when.
package struct Scenario: Sendable {
    package var name: String
    /// One sentence for people.
    package var summary: String
    package var trace: Trace
    package var model: SimulatedModel
    package var pools: [SimulatedPool]
    package var disruptions: [Disruption]
    /// Seconds since local midnight of the trace's first moment, for reports. Default 0: reports count from the start.
    package var clock = 0.0
    /// Time between two looks of the scaler while anything moves. Default 250 ms, as in the cluster file.
    package var lookInterval: Duration
    /// Start-up times, failures and losses follow from it.
    package var seed: UInt64

    package init(
        name: String, summary: String, trace: Trace, model: SimulatedModel, pools: [SimulatedPool],
        disruptions: [Disruption] = [], lookInterval: Duration = .milliseconds(250), seed: UInt64 = 1
    ) {
        self.name = name
        self.summary = summary
        self.trace = trace
        self.model = model
        self.pools = pools
        self.disruptions = disruptions
        self.lookInterval = lookInterval
        self.seed = seed
    }

    /// `base` with the scenario's model and pools: what an operator's cluster file would say of them.
    package func policy(_ base: Policy, algorithm: Algorithm) -> Policy {
        var policy = base
        policy.algorithm = algorithm
        policy.staleAfter = max(policy.staleAfter, lookInterval * 3)
        // What a cluster file, a search or a contender says of a model or a pool wins; `*` stands for any.
        var known = base.models.first { $0.name == model.name } ?? model.policy(pools: pools.map(\.name))
        if let own = base.models.first(where: { $0.name == "*" }) { known.deadline = own.deadline }
        policy.models = [known]
        policy.pools = pools.map { pool in
            var settings = base.pools.first { $0.name == pool.name } ?? pool.policy
            if let own = base.pools.first(where: { $0.name == "*" }) {
                settings.minimum = min(max(own.minimum, settings.minimum), settings.maximum)
            }
            return settings
        }
        return policy
    }

    static let calendarGrain = Duration.seconds(60)

    /// The calls of each minute, as a calendar that knows them would declare them.
    var calendar: [ExpectedArrivals] {
        let grain = Self.calendarGrain
        return trace.counts(every: grain).enumerated().map { minute, count in
            let from = trace.start + grain * minute
            return ExpectedArrivals(
                source: .event(name), starts: from, ends: from + grain, jobsPerSecond: Double(count) / grain.seconds)
        }
    }

    /// The default policy with nothing set.
    package static var defaults: Policy { Policy(models: [], pools: []) }
}

/// The one model of a simulation.
package struct SimulatedModel: Sendable, Equatable, Codable {
    package var name: String
    /// What a batch costs on a pool of slowdown 1, and how many run side by side on a worker.
    package var cost: ServiceCost
    package var maximumRows: Int
    /// From arrival; `nil`: none, and 30 s is what attainment is measured by.
    package var deadline: Duration?

    package init(name: String, cost: ServiceCost, maximumRows: Int = 64, deadline: Duration?) {
        self.name = name
        self.cost = cost
        self.maximumRows = max(maximumRows, 1)
        self.deadline = deadline
    }

    /// What attainment is measured by.
    package var objective: Duration { deadline ?? .seconds(30) }

    func policy(pools: [String]) -> ModelPolicy {
        ModelPolicy(
            name: name, pools: pools, maximumRows: maximumRows, assumedCost: cost, deadline: deadline)
    }
}

/// A pool of a simulation.
package struct SimulatedPool: Sendable, Equatable, Codable {
    package var name: String
    /// Median time from the order to ready.
    package var startUp: Duration
    /// One standard deviation of the start-up time, relative to it. Default 0.1.
    package var startUpSpread: Double
    package var minimum: Int
    package var maximum: Int
    package var pricePerHour: Double
    /// A batch takes so many times the model's cost. Default 1.
    package var slowdown: Double

    package init(
        name: String = "cpu", startUp: Duration = .seconds(10), startUpSpread: Double = 0.1, minimum: Int = 0,
        maximum: Int, pricePerHour: Double = 0.1, slowdown: Double = 1
    ) {
        self.name = name
        self.startUp = startUp
        self.startUpSpread = startUpSpread
        self.minimum = minimum
        self.maximum = maximum
        self.pricePerHour = pricePerHour
        self.slowdown = slowdown
    }

    var policy: PoolPolicy {
        PoolPolicy(
            name: name, minimum: minimum, maximum: maximum, pricePerHour: pricePerHour, assumedStartUp: startUp)
    }
}

/// Something that goes wrong, or changes, at a moment of the trace.
package struct Disruption: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// So great a share of the pool's ready workers is gone at once; what they held is given back.
        case kill(share: Double)
        /// From now on starts take so many times as long.
        case startUpFactor(Double)
        /// From now on so great a share of the starts fails.
        case startFailures(share: Double)
    }

    package var at: Duration
    package var pool: Int
    package var kind: Kind

    package init(at: Duration, pool: Int = 0, _ kind: Kind) {
        self.at = at
        self.pool = pool
        self.kind = kind
    }
}
