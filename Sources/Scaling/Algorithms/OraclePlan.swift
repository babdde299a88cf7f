package import Time

/// What somebody who knew the whole trace would do: when how many workers of which pool are to be there, starting ones
/// included. Only a simulation can make one.
package struct OraclePlan: Sendable, Equatable, Codable {
    package struct Step: Sendable, Equatable, Codable {
        package var pool: String
        package var from: Timestamp
        package var workers: Int

        package init(pool: String, from: Timestamp, workers: Int) {
            self.pool = pool
            self.from = from
            self.workers = workers
        }
    }

    /// In order of time; each holds until the next one of its pool.
    package var steps: [Step]

    package init(steps: [Step]) { self.steps = steps }

    /// O(log steps) for one pool, and a walk back over the steps of others.
    func wanted(in pool: String, at now: Timestamp) -> Int {
        var low = 0
        var high = steps.count
        while low < high {
            let middle = low + (high - low) / 2
            if steps[middle].from <= now { low = middle + 1 } else { high = middle }
        }
        while low > 0 {
            low -= 1
            if steps[low].pool == pool { return steps[low].workers }
        }
        return 0
    }
}

extension OraclePlan: ScalingAlgorithm {
    package static let name = "oracle"
    package static let summary = "A plan that was made with the whole trace known."
    package static let isMade = true
    package static let standard = OraclePlan(steps: [])
    package static let parameters: [Parameter<OraclePlan>] = []

    package func wish(for pool: PoolLoad, at now: Timestamp, memory: inout NoMemory) -> PoolWish {
        PoolWish(count: wanted(in: pool.name, at: now))
    }
}
