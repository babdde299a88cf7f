import Reports
import Scaling
import Time
package import Traffic

/// How far a simulation was from a real run of the same trace.
package struct Reality: Sendable, Equatable, Codable {
    package var profile: String
    /// When the real run began, ISO 8601.
    package var started: String
    package var jobs: Int
    package var realWorkerSeconds: Double
    package var simulatedWorkerSeconds: Double
    /// Seconds from the intended time of sending to the answer, 95 of 100.
    package var realP95: Double
    package var simulatedP95: Double
    package var realLate: Int
    package var simulatedLate: Int

    /// Simulated over real, less one.
    package var workerSecondsDifference: Double {
        realWorkerSeconds > 0 ? simulatedWorkerSeconds / realWorkerSeconds - 1 : 0
    }
    package var p95Difference: Double { realP95 > 0 ? simulatedP95 / realP95 - 1 : 0 }

    package func text() -> String {
        var table = TextTable(head: ["", "real", "simulated", "difference"])
        table.rows = [
            [
                "worker-seconds", Figures.decimal(realWorkerSeconds, 1), Figures.decimal(simulatedWorkerSeconds, 1),
                Figures.difference(workerSecondsDifference),
            ],
            [
                "p95 from arrival to answer", Figures.duration(realP95), Figures.duration(simulatedP95),
                Figures.difference(p95Difference),
            ],
            ["late, expired or lost", Figures.count(realLate), Figures.count(simulatedLate), ""],
        ]
        return (["\(profile) of \(started), \(Figures.count(jobs)) jobs"] + table.lines()).joined(separator: "\n")
            + "\n"
    }

    /// One line for the foot of other reports.
    package func line() -> String {
        "the last simulation of a real run (\(profile), \(started)) was off by "
            + "\(Figures.difference(workerSecondsDifference)) in worker-seconds and \(Figures.difference(p95Difference)) in p95"
    }
}

/// A real run, as its report tells it, to be simulated again.
package struct RealRun: Sendable {
    package let report: TrafficReport

    /// `nil` when the cluster was not observed or nothing finished: then there is nothing to compare with.
    package init?(_ report: TrafficReport) {
        guard report.fleet != nil, report.latency != nil, !report.seconds.isEmpty else { return nil }
        self.report = report
    }

    /// The arrivals of each second: spread evenly over it, or at random where the run's were.
    package func trace(seed: UInt64 = 1) -> Trace {
        // The run goes on after the last call, to see the workers leave.
        let span = report.fleet.map { Int($0.spanSeconds) } ?? 0
        var counts = report.seconds.map(\.arrivals)
        if counts.count > span, span > 0 {
            while counts.count > span, counts.last == 0 { counts.removeLast() }
        }
        return Trace(
            name: report.description.profile, interval: .seconds(1), counts: counts,
            placement: report.description.process == .poisson ? .atRandom(seed: seed) : .even)
    }

    /// The pools as they were observed, with the start-up times that the run showed.
    ///
    /// - Parameter startUps: by pool; without one, `fallback`.
    package func pools(startUps: [String: Duration], fallback: Duration) -> [SimulatedPool] {
        let maximums = report.samples.reduce(into: [String: Int]()) { result, sample in
            for (name, pool) in sample.pools { result[name] = max(result[name] ?? 0, pool.maximum) }
        }
        return (report.fleet?.pools ?? []).map { pool in
            SimulatedPool(
                name: pool.name, startUp: startUps[pool.name] ?? measuredStartUp(of: pool.name) ?? fallback,
                startUpSpread: 0.05, maximum: max(maximums[pool.name] ?? 0, pool.peakWorkers),
                pricePerHour: pool.pricePerHour)
        }
    }

    /// The mean time that workers of the pool were seen starting: worker-seconds of starting over workers that started.
    private func measuredStartUp(of name: String) -> Duration? {
        var seconds = 0.0
        var started = 0
        for (before, sample) in zip(report.samples, report.samples.dropFirst()) {
            guard let old = before.pools[name], let new = sample.pools[name] else { continue }
            seconds += Double(old.starting) * (sample.elapsedSeconds - before.elapsedSeconds)
            started += max(new.ready - old.ready, 0)
        }
        return started > 0 && seconds > 0 ? .microseconds(seconds / Double(started) * 1e6) : nil
    }

    /// - Parameter overhead: what a call takes beside its wait and its batch (gateway, network, queue), which is not
    ///   simulated; 2.2 to 2.4 ms were measured for a synchronous call on two cores.
    package func compare(with result: SimulationResult, overhead: Duration = .milliseconds(2)) -> Reality {
        let counts = report.counts
        return Reality(
            profile: report.description.profile, started: report.description.started, jobs: counts.offered,
            realWorkerSeconds: report.fleet?.workerSeconds ?? 0, simulatedWorkerSeconds: result.workerSeconds,
            realP95: report.latency?.p95Seconds ?? 0, simulatedP95: (result.latency?.p95 ?? 0) + overhead.seconds,
            realLate: counts.late + counts.expired + counts.lost, simulatedLate: result.jobs - result.onTime)
    }
}
