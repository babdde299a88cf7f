/// What the workers of a run cost, beside a fleet that has the peak's size all the time.
package struct FleetCost: Sendable, Equatable, Codable {
    package struct Pool: Sendable, Equatable, Codable {
        package var name: String
        package var workerSeconds: Double
        /// The most workers at once, starting and draining ones included.
        package var peakWorkers: Int
        package var fixedWorkerSeconds: Double
        package var pricePerHour: Double

        package var cost: Double { workerSeconds / 3600 * pricePerHour }
        package var fixedCost: Double { fixedWorkerSeconds / 3600 * pricePerHour }
    }

    /// Time that the samples span.
    package var spanSeconds: Double
    /// Pools that had a worker, by name.
    package var pools: [Pool]

    package var workerSeconds: Double { pools.reduce(0) { $0 + $1.workerSeconds } }
    package var fixedWorkerSeconds: Double { pools.reduce(0) { $0 + $1.fixedWorkerSeconds } }
    package var cost: Double { pools.reduce(0) { $0 + $1.cost } }
    package var fixedCost: Double { pools.reduce(0) { $0 + $1.fixedCost } }

    /// The share of the fixed fleet's worker-seconds that was not needed, 0 to 1.
    package var savedShare: Double { fixedWorkerSeconds > 0 ? 1 - workerSeconds / fixedWorkerSeconds : 0 }

    /// Adds up workers over time: each sample holds until the next one (a step function).
    ///
    /// - Returns: `nil` with fewer than two samples: there is no time to add over.
    package init?(_ samples: [ClusterSample]) {
        guard let first = samples.first, let last = samples.last, last.elapsedSeconds > first.elapsedSeconds else {
            return nil
        }
        let span = last.elapsedSeconds - first.elapsedSeconds
        var pools: [String: Pool] = [:]
        for (index, sample) in samples.enumerated() {
            let held = index + 1 < samples.count ? samples[index + 1].elapsedSeconds - sample.elapsedSeconds : 0
            for (name, pool) in sample.pools {
                var sum =
                    pools[name]
                    ?? Pool(name: name, workerSeconds: 0, peakWorkers: 0, fixedWorkerSeconds: 0, pricePerHour: 0)
                sum.workerSeconds += Double(pool.paid) * held
                sum.peakWorkers = max(sum.peakWorkers, pool.paid)
                sum.pricePerHour = pool.pricePerHour
                pools[name] = sum
            }
        }
        self.spanSeconds = span
        self.pools = pools.values.filter { $0.peakWorkers > 0 }.sorted { $0.name < $1.name }.map { pool in
            var pool = pool
            pool.fixedWorkerSeconds = Double(pool.peakWorkers) * span
            return pool
        }
    }
}
