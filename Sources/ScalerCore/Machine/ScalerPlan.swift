package import Jobs
package import Scaling

/// What the scaler's machine must know of the settings, as plain values.
package struct ScalerPlan: Sendable, Equatable {
    package struct Pool: Sendable, Equatable {
        package var name: String
        /// As its driver declares it; a pool without a driver is observed.
        package var ordering: WorkerOrdering
        /// Zero: the pool is switched off.
        package var maximum: Int
        /// Money per worker and hour.
        package var pricePerHour: Double
        /// Time from start to ready that is assumed until it is measured.
        package var assumedStartUp: Duration

        package init(
            name: String, ordering: WorkerOrdering, maximum: Int, pricePerHour: Double = 0,
            assumedStartUp: Duration = .seconds(1)
        ) {
            self.name = name
            self.ordering = ordering
            self.maximum = maximum
            self.pricePerHour = pricePerHour
            self.assumedStartUp = assumedStartUp
        }
    }

    package struct Model: Sendable, Equatable {
        package var queue: QueueName
        /// The pools that serve it.
        package var pools: [String]
        /// The longest that loading it may take.
        package var loadBound: Duration

        package init(queue: QueueName, pools: [String], loadBound: Duration) {
            self.queue = queue
            self.pools = pools
            self.loadBound = loadBound
        }
    }

    /// As the files say, before what is set by hand.
    package var policy: Policy
    package var pools: [Pool]
    package var models: [Model]
    /// Workers that a pool keeps at least while the data is too old; `nil`: those that are there.
    package var fallback: Int?
    /// Decide and record, and do nothing.
    package var isDryRun: Bool
    /// Whether another scaler may lead in this one's place.
    package var hasRivals: Bool
    /// A start may take this long, or ten times the slowest seen, before the worker is killed.
    package var startLimit: Duration
    /// A ready worker that has not reported for this long is killed.
    package var silenceLimit: Duration

    package init(
        policy: Policy, pools: [Pool], models: [Model], fallback: Int? = nil, isDryRun: Bool = false,
        hasRivals: Bool = false, startLimit: Duration = .seconds(120), silenceLimit: Duration = .seconds(60)
    ) {
        self.policy = policy
        self.pools = pools
        self.models = models
        self.fallback = fallback
        self.isDryRun = isDryRun
        self.hasRivals = hasRivals
        self.startLimit = startLimit
        self.silenceLimit = silenceLimit
    }

    package var queues: [QueueName] { models.map(\.queue) }

    func pool(_ name: String) -> Pool? { pools.first { $0.name == name } }

    /// How the pool's workers are ordered; `nil` for a pool that is no more.
    func ordering(of pool: String) -> WorkerOrdering? { self.pool(pool)?.ordering }

    /// Whether decisions for the pool are carried out.
    func isActedOn(_ pool: String) -> Bool {
        guard !isDryRun, let ordering = ordering(of: pool) else { return false }
        return ordering != .observed
    }

    /// The queues that workers of this pool take from.
    func queues(of pool: String) -> [QueueName] { models.filter { $0.pools.contains(pool) }.map(\.queue) }

    /// The longest that loading may take in the pool: models that a worker died with are loaded one after the other.
    func loadLimit(of pool: String) -> Duration {
        models.filter { $0.pools.contains(pool) }.reduce(.zero) { $0 + $1.loadBound }
    }
}
