package import Time

/// What a worker says of itself with each renewal of its lease.
package struct WorkerReport: Sendable, Equatable, Codable {
    package enum State: String, Sendable, Codable {
        /// Loading and warming its models, none of which is there yet. Can go to: ready, draining.
        case starting
        /// Takes jobs of the models that are loaded; others may still be loading. Can go to: draining.
        case ready
        /// Takes no more; finishes or hands back what it holds, then leaves.
        case draining
    }

    /// Unique per boot, never reused.
    package var id: String
    package var pool: String
    package var state: State
    package var started: Timestamp
    /// From process start until each of its models was loaded or had failed; `nil` before.
    package var startUp: Duration?
    /// Jobs taken and not settled.
    package var held: Int
    /// Jobs settled since it started.
    package var settled: Int
    package var models: [ModelReport]
    /// Resident memory in bytes.
    package var memory: Int

    /// How far a worker is with one of its models.
    package enum Condition: String, Sendable, Codable {
        /// Can go to: loaded, failed.
        case loading
        /// Its jobs are taken.
        case loaded
        /// It cannot be served here; `reason` says why. Tried again: can go to loading.
        case failed
    }

    package struct ModelReport: Sendable, Equatable, Codable {
        /// `QueueName.description`.
        package var queue: String
        /// `nil`: of a worker of an earlier version, see `condition`.
        package var state: Condition?
        /// Why it failed.
        package var reason: String?
        /// Every instance is in a run that takes far longer than was to be expected: none of its jobs is taken meanwhile.
        package var isHeldUp: Bool?
        package var instances: Int
        /// Rows settled since start.
        package var rows: Int
        package var batches: Int
        /// Time that its instances spent computing since start.
        package var busy: Duration
        /// Fitted cost of a batch: `fixed + perRow · rows`, both in seconds; `nil` until measured.
        package var fixedCost: Double?
        package var costPerRow: Double?
        /// What of `rows` and `busy` was for whom; rows of callers that named no tenant are in none of them.
        package var tenants: [TenantReport]?
        /// Whether requests share runs there, and why; `nil` from a worker that does not say.
        package var joining: JoiningReport?

        package init(
            queue: String, instances: Int, rows: Int = 0, batches: Int = 0, busy: Duration = .zero,
            fixedCost: Double? = nil, costPerRow: Double? = nil, tenants: [TenantReport]? = nil,
            state: Condition? = nil, reason: String? = nil, isHeldUp: Bool? = nil, joining: JoiningReport? = nil
        ) {
            self.isHeldUp = isHeldUp
            self.queue = queue
            self.state = state
            self.reason = reason
            self.instances = instances
            self.rows = rows
            self.batches = batches
            self.busy = busy
            self.fixedCost = fixedCost
            self.costPerRow = costPerRow
            self.tenants = tenants
            self.joining = joining
        }

        /// A worker that does not say it has loaded what it has instances of.
        package var condition: Condition { state ?? (instances > 0 ? .loaded : .failed) }
    }

    package struct JoiningReport: Sendable, Equatable, Codable {
        package var joinsRows: Bool
        /// `Joining.reason`.
        package var reason: String

        package init(joinsRows: Bool, reason: String) {
            self.joinsRows = joinsRows
            self.reason = reason
        }
    }

    package struct TenantReport: Sendable, Equatable, Codable {
        package var tenant: String
        /// Rows settled since start.
        package var rows: Int
        /// Its share, by rows, of the time that instances spent computing since start.
        package var busy: Duration

        package init(tenant: String, rows: Int, busy: Duration) {
            self.tenant = tenant
            self.rows = rows
            self.busy = busy
        }
    }

    package init(
        id: String, pool: String, state: State, started: Timestamp, startUp: Duration? = nil, held: Int = 0,
        settled: Int = 0, models: [ModelReport] = [], memory: Int = 0
    ) {
        self.id = id
        self.pool = pool
        self.state = state
        self.started = started
        self.startUp = startUp
        self.held = held
        self.settled = settled
        self.models = models
        self.memory = memory
    }
}

extension WorkerReport {
    /// Whether it takes jobs of the queue.
    package func serves(_ queue: QueueName) -> Bool {
        state == .ready && models.contains { $0.queue == queue.description && $0.condition == .loaded }
    }
}
