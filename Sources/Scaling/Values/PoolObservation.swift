import Time

/// The workers of one pool.
///
/// Each worker is counted once, in `starting`, `busy`, `idle`, `draining` or `leaving`.
package struct PoolObservation: Sendable, Equatable, Codable {
    package var name: String
    /// Why no worker of the pool can be started (for example that no GPU is present); `nil`: they can.
    package var unavailable: String?
    /// The age of each worker that is not ready yet.
    package var starting: [Duration]
    /// Ready workers that hold jobs. Never chosen for scale-in.
    package var busy: Int
    /// Ready workers that hold none.
    package var idle: Int
    package var draining: Int
    /// Workers that somebody else takes away (a spot notice): they drain and are replaced at once.
    package var leaving: Int
    /// Idle workers that must not be scaled in; part of `idle`.
    package var protected: Int
    /// Measured time from start to ready; `nil` until a worker became ready.
    package var startUp: StartUpTime?
    /// Workers that ever became ready, and that ended before they did. Only increases count.
    package var startsSucceeded: Int
    package var startsFailed: Int
    /// What its workers measured, by model.
    package var costs: [MeasuredCost]

    package var ready: Int { busy + idle }

    package init(
        name: String, unavailable: String? = nil, starting: [Duration] = [], busy: Int = 0, idle: Int = 0,
        draining: Int = 0, leaving: Int = 0, protected: Int = 0, startUp: StartUpTime? = nil, startsSucceeded: Int = 0,
        startsFailed: Int = 0, costs: [MeasuredCost] = []
    ) {
        self.name = name
        self.unavailable = unavailable
        self.starting = starting
        self.busy = busy
        self.idle = idle
        self.draining = draining
        self.leaving = leaving
        self.protected = protected
        self.startUp = startUp
        self.startsSucceeded = startsSucceeded
        self.startsFailed = startsFailed
        self.costs = costs
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        name = try values.decode(String.self, forKey: .name)
        unavailable = try values.decodeIfPresent(String.self, forKey: .unavailable)
        starting = try values.decode([Duration].self, forKey: .starting)
        busy = try values.decode(Int.self, forKey: .busy)
        idle = try values.decode(Int.self, forKey: .idle)
        draining = try values.decode(Int.self, forKey: .draining)
        leaving = try values.decodeIfPresent(Int.self, forKey: .leaving) ?? 0
        protected = try values.decodeIfPresent(Int.self, forKey: .protected) ?? 0
        startUp = try values.decodeIfPresent(StartUpTime.self, forKey: .startUp)
        startsSucceeded = try values.decode(Int.self, forKey: .startsSucceeded)
        startsFailed = try values.decode(Int.self, forKey: .startsFailed)
        costs = try values.decode([MeasuredCost].self, forKey: .costs)
    }
}

/// How long the workers of a pool take from start to ready.
package struct StartUpTime: Sendable, Equatable, Codable {
    package var median: Duration
    /// 95 of 100 are not slower.
    package var slow: Duration

    package init(median: Duration, slow: Duration) {
        self.median = median
        self.slow = slow
    }
}

package struct MeasuredCost: Sendable, Equatable, Codable {
    package var model: String
    package var cost: ServiceCost

    package init(model: String, cost: ServiceCost) {
        self.model = model
        self.cost = cost
    }
}
