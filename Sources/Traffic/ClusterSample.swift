/// What the cluster said of itself at one moment of a run.
package struct ClusterSample: Sendable, Equatable, Codable {
    package struct Pool: Sendable, Equatable, Codable {
        package var starting: Int
        package var ready: Int
        package var draining: Int
        package var maximum: Int
        package var pricePerHour: Double

        package init(starting: Int, ready: Int, draining: Int, maximum: Int = 0, pricePerHour: Double = 0) {
            self.starting = starting
            self.ready = ready
            self.draining = draining
            self.maximum = maximum
            self.pricePerHour = pricePerHour
        }

        /// Workers that cost money at this moment.
        package var paid: Int { starting + ready + draining }
    }

    /// Since the first second of the run.
    package var elapsedSeconds: Double
    /// Jobs waiting for a worker, over all queues.
    package var waiting: Int
    package var inFlight: Int
    /// Jobs that may run later (retries with a delay).
    package var due: Int
    package var pools: [String: Pool]

    package init(elapsedSeconds: Double, waiting: Int, inFlight: Int, due: Int, pools: [String: Pool]) {
        self.elapsedSeconds = elapsedSeconds
        self.waiting = waiting
        self.inFlight = inFlight
        self.due = due
        self.pools = pools
    }

    package var ready: Int { pools.values.reduce(0) { $0 + $1.ready } }
    package var starting: Int { pools.values.reduce(0) { $0 + $1.starting } }
    package var draining: Int { pools.values.reduce(0) { $0 + $1.draining } }
}

/// A decision of the scaler that fell within a run.
package struct DecisionMark: Sendable, Equatable, Codable {
    /// Since the first second of the run.
    package var elapsedSeconds: Double
    package var pool: String
    package var wanted: Int
    package var reason: String

    package init(elapsedSeconds: Double, pool: String, wanted: Int, reason: String) {
        self.elapsedSeconds = elapsedSeconds
        self.pool = pool
        self.wanted = wanted
        self.reason = reason
    }
}
