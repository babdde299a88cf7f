package import Time

/// Why a pool cannot serve a model, or anything at all. Kept in Redis, so that it outlives the worker that found it out.
package struct ServingFault: Sendable, Equatable, Codable {
    package enum Kind: String, Sendable, Codable {
        /// The model could not be loaded or warmed; it is tried again.
        case load
        /// Workers died while they loaded it; it is left out until its files change, somebody asks, or nobody has left it
        /// out for a while.
        case deaths
        /// No worker of the pool can be started: it is switched off, or what it needs is not there.
        case pool
    }

    package var kind: Kind
    package var pool: String
    /// `QueueName.description`; `nil`: every model of the pool.
    package var queue: String?
    /// What failed and what to do, in words for callers and operators.
    package var reason: String
    /// When it was found out last.
    package var since: Timestamp
    /// From then on it does not count: the model is tried again.
    package var until: Timestamp
    /// Attempts that failed in a row.
    package var failures: Int
    /// Of the model's files at the attempt.
    package var stamp: String?
    /// Who found it out.
    package var worker: String?

    package init(
        _ kind: Kind, pool: String, queue: String?, reason: String, since: Timestamp, until: Timestamp,
        failures: Int = 1, stamp: String? = nil, worker: String? = nil
    ) {
        self.kind = kind
        self.pool = pool
        self.queue = queue
        self.reason = reason
        self.since = since
        self.until = until
        self.failures = failures
        self.stamp = stamp
        self.worker = worker
    }

    /// A worker that serves other models tries so long before `until`, so that the fault stands until the attempt has ended.
    package static let slack = Duration.seconds(10)

    /// What is noted of one more failure, at `since`, after `before` of the same files. Workers that fail at the same time count
    /// once.
    package func following(_ before: ServingFault?) -> ServingFault {
        var fault = self
        if let before, before.stamp == stamp {
            fault.failures = since < before.until - Self.slack ? before.failures : before.failures + 1
        } else {
            fault.failures = 1
        }
        fault.until = since + Self.pause(afterFailures: fault.failures) + Self.slack
        return fault
    }

    /// How long a model is not tried after so many failures in a row: 15 s, doubling, at most 15 minutes.
    package static func pause(afterFailures failures: Int) -> Duration {
        min(.seconds(900), .seconds(15) * (1 << min(10, max(0, failures - 1))))
    }
}

/// Everything that cannot be served at some moment.
package struct ServingFaults: Sendable, Equatable {
    package var all: [ServingFault]

    package init(_ all: [ServingFault] = []) {
        self.all = all.sorted { ($0.pool, $0.queue ?? "") < ($1.pool, $1.queue ?? "") }
    }

    /// Those that count at that time.
    package func current(at now: Timestamp) -> [ServingFault] { all.filter { now < $0.until } }

    /// Why `pool` cannot serve the model; `nil`: as far as is known it can.
    ///
    /// - Parameter serving: pools in which a worker is ready that has the model loaded. What keeps another worker from loading it
    ///   is no fault of the pool then.
    package func fault(
        of queue: QueueName, in pool: String, serving: @autoclosure () -> Set<String> = [], at now: Timestamp
    ) -> ServingFault? {
        // Asked with every submit, and as a rule there is none.
        guard all.contains(where: { $0.pool == pool && now < $0.until }) else { return nil }
        let name = queue.description
        let current = all.filter { $0.pool == pool && now < $0.until }
        if let whole = current.first(where: { $0.queue == nil }) { return whole }
        guard let fault = current.first(where: { $0.queue == name }) else { return nil }
        return serving().contains(pool) ? nil : fault
    }

    /// Why nobody can serve the model: each of its pools says so. `nil` while any may.
    ///
    /// - Returns: the reasons in one text, and until when they hold.
    package func refusal(
        of queue: QueueName, pools: [String], serving: @autoclosure () -> Set<String> = [], at now: Timestamp
    ) -> (reason: String, until: Timestamp)? {
        var faults: [ServingFault] = []
        for pool in pools {
            guard let fault = fault(of: queue, in: pool, serving: serving(), at: now) else { return nil }
            faults.append(fault)
        }
        guard let first = faults.first else { return nil }
        let until = faults.map(\.until).min() ?? first.until
        if faults.allSatisfy({ $0.reason == first.reason }) { return (first.reason, until) }
        return (faults.map { "pool \($0.pool): \($0.reason)" }.joined(separator: "; "), until)
    }

    /// The pools that cannot serve the model.
    package func unable(
        toServe queue: QueueName, of pools: [String], serving: Set<String> = [], at now: Timestamp
    ) -> [String] {
        pools.filter { fault(of: queue, in: $0, serving: serving, at: now) != nil }
    }
}
