/// What one policy made of one scenario. Durations are seconds.
package struct SimulationResult: Sendable, Equatable, Codable {
    package struct Pool: Sendable, Equatable, Codable {
        package var name: String
        /// From the order of the start until the worker is gone.
        package var workerSeconds: Double
        package var cost: Double
        package var starts: Int
        package var failedStarts: Int
        /// Most workers at once, starting ones included.
        package var peak: Int
        package var busySeconds: Double
        package var startUpSeconds: Double

        /// Paid, ready, and without work.
        package var idleSeconds: Double { max(workerSeconds - busySeconds - startUpSeconds, 0) }
    }

    /// A moment at which another number was wanted.
    package struct Mark: Sendable, Equatable, Codable {
        package var seconds: Double
        package var pool: String
        package var wanted: Int
        package var reason: String
    }

    package var scenario: String
    package var policy: String
    package var jobs: Int
    package var finished: Int
    /// Finished by their deadline.
    package var onTime: Int
    package var expired: Int
    /// Neither finished nor expired an hour after the trace's end.
    package var lost: Int
    /// Given back by workers that were killed.
    package var returned: Int
    /// From arrival to the start of its batch; `nil` when nothing finished.
    package var wait: Percentiles?
    /// From arrival to the end of its batch.
    package var latency: Percentiles?
    package var pools: [Pool]
    package var decisions: Int
    /// Decisions that started or drained workers.
    package var changes: Int
    package var batches: Int
    /// Simulated time until all was settled.
    package var seconds: Double
    package var elasticity: Elasticity
    package var timeline: Timeline
    package var marks: [Mark]
    /// Worker-seconds (or money, where prices differ) over the oracle's, less one; `nil` without an oracle.
    package var regret: Double?

    /// Share of the jobs that were done by their deadline, 0 to 1; 1 without jobs.
    package var attainment: Double { jobs > 0 ? Double(onTime) / Double(jobs) : 1 }
    package var workerSeconds: Double { pools.reduce(0) { $0 + $1.workerSeconds } }
    package var cost: Double { pools.reduce(0) { $0 + $1.cost } }
    package var starts: Int { pools.reduce(0) { $0 + $1.starts } }
    package var peak: Int { pools.reduce(0) { $0 + $1.peak } }
    package var startsPerHour: Double { seconds > 0 ? Double(starts) / seconds * 3_600 : 0 }
}
