package import Time

/// How many workers each pool should have now, and why.
package struct Decision: Sendable, Equatable, Codable {
    package var time: Timestamp
    /// In the order of the policy.
    package var pools: [PoolDecision]
    /// Models with work that no pool can serve now.
    package var unserved: [UnservedModel]
    /// Deadlines that cannot be kept, whatever is started now.
    package var infeasible: [InfeasibleDeadline]

    package init(
        time: Timestamp, pools: [PoolDecision], unserved: [UnservedModel] = [], infeasible: [InfeasibleDeadline] = []
    ) {
        self.time = time
        self.pools = pools
        self.unserved = unserved
        self.infeasible = infeasible
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        time = try values.decode(Timestamp.self, forKey: .time)
        pools = try values.decode([PoolDecision].self, forKey: .pools)
        unserved = try values.decode([UnservedModel].self, forKey: .unserved)
        infeasible = try values.decodeIfPresent([InfeasibleDeadline].self, forKey: .infeasible) ?? []
    }
}

package struct UnservedModel: Sendable, Equatable, Codable {
    package var model: String
    package var jobs: Int

    package init(model: String, jobs: Int) {
        self.model = model
        self.jobs = jobs
    }
}

/// A deadline that waiting jobs will miss, and by how much.
package struct InfeasibleDeadline: Sendable, Equatable, Codable {
    package var model: String
    /// The class whose jobs are late; `nil`: the model is not divided.
    package var name: JobClass?
    package var deadline: Duration
    /// Jobs that will be late.
    package var jobs: Int
    /// How late the last of them will be.
    package var lateBy: Duration
    package var cause: Cause

    package enum Cause: String, Sendable, Codable, CaseIterable {
        /// New workers would be ready too late.
        case startUp
        /// The pools' maximums allow no more.
        case maximum
        /// The budget allows no more.
        case budget
        /// Starts fail, or no pool can run here.
        case unavailable
    }

    package init(
        model: String, name: JobClass? = nil, deadline: Duration, jobs: Int, lateBy: Duration, cause: Cause
    ) {
        self.model = model
        self.name = name
        self.deadline = deadline
        self.jobs = jobs
        self.lateBy = lateBy
        self.cause = cause
    }
}

/// The decision for one pool: what was proposed, what clipped it, what came out.
package struct PoolDecision: Sendable, Equatable, Codable {
    package var pool: String
    /// Workers that it should have, starting ones included, draining ones not.
    package var wanted: Int
    /// Wanted by the decision before; `nil` for the first.
    package var before: Int?
    /// Workers to start now.
    package var starts: Int
    /// Idle workers to drain now.
    package var drains: Int
    package var figures: PoolFigures
    /// The highest count is what was proposed.
    package var candidates: [Candidate]
    /// What changed the proposal, in the order in which it was applied.
    package var guards: [Guard]

    /// Whether it asks for anything, or for another number than before.
    package var isChange: Bool { starts > 0 || drains > 0 || before != wanted }
}

/// What the pool's decision was computed from.
package struct PoolFigures: Sendable, Equatable, Codable {
    package var starting: Int
    package var busy: Int
    package var idle: Int
    package var draining: Int
    /// Jobs of the models that this pool was given, in proportion to its share of them.
    package var waiting: Double
    package var inFlight: Double
    package var due: Double
    /// A worker's time for what waits and is due.
    package var work: Duration
    /// Requests per second.
    package var arrivalRate: Double
    /// Workers kept busy by the arrivals alone (offered load).
    package var load: Double
    /// Age of the oldest waiting job.
    package var oldestWait: Duration?
    /// Planned time from start to ready.
    package var startUp: Duration
    /// How long the work takes with the wanted workers; `nil` when nobody would work on it.
    package var drainTime: Duration?
    /// Workers that somebody else takes away.
    package var leaving: Int?
    /// Money per hour of the wanted workers.
    package var costPerHour: Double?
}

/// A number of workers, and who proposed it.
package struct Candidate: Sendable, Equatable, Codable {
    package enum Proposer: String, Sendable, Codable, CaseIterable {
        /// The work that waits must be done within the target wait.
        case backlog
        /// The work that waits must be done by its deadlines.
        case deadline
        /// The arrivals must find a free worker.
        case rate
        /// There is work and no worker at all.
        case wake
        /// Arrivals like these came at this time on earlier days.
        case forecast
        /// An event in the calendar; `Candidate.source` names it.
        case calendar
        /// The pool's minimum.
        case floor
        /// Somebody pinned the count.
        case override
        /// One of the known algorithms (`Policy.algorithm`).
        case algorithm
    }
    package var proposer: Proposer
    package var count: Int
    /// Before it was rounded up to whole workers.
    package var exact: Double
    /// The event, for `calendar`; who pinned it, for `override`.
    package var source: String?
}

/// A rule that changed a proposal.
package struct Guard: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case maximum
        case minimum
        /// Workers started now would be ready after the ones at work have done it.
        case startUpHelps
        /// More workers were enough reason within the window.
        case scaleInWindow
        /// Workers on their way count as workers.
        case startsCounted
        /// Busy and starting workers are not stopped.
        case onlyIdleLeave
        /// A proposal of the arrival rate alone must be made twice in a row.
        case seenOnce
        /// The data is too old to act on.
        case missingData
        /// Starts failed; the next attempt waits.
        case startBackOff
        /// No worker of this pool can run here.
        case unavailable
        /// More would cost more than the budget allows; `detail` names what is given up.
        case budget
        /// The pool is paused.
        case paused
        /// A pinned count holds.
        case override
        /// So many starts or drains in that time and no more.
        case rateLimit
        /// Idle workers that somebody protected stay.
        case protected
        /// An idle worker is kept because starting it again would cost more.
        case costOfRestart
        /// Not to zero: arrivals are expected; `detail` says by whom.
        case expected
        /// A known algorithm: so near to its target that it changes nothing.
        case tolerance
        /// A known algorithm: what was wanted before still counts.
        case stabilization
        /// A known algorithm: no more in one period.
        case rateCap
    }
    package var kind: Kind
    package var from: Int
    package var to: Int
    /// When the guard lets go, from the time of the decision, where that is known.
    package var remaining: Duration?
    /// What the outside said, for `unavailable`.
    package var detail: String?
}
