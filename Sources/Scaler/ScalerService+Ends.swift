import Clusters
import Jobs
import Logging
import Observability
import Scaling
import Settings
import Time

/// Workers that ended, and their jobs.
extension ScalerService {
    /// Gives the jobs of a worker that ended back to the queue, and decides anew.
    package func noteEnd(of worker: String, in pool: String, reason: String, isFailure: Bool) async {
        let ending = fleet.noteEnd(worker)
        let metadata: Logger.Metadata = [
            LogKeys.workerID: "\(worker)", LogKeys.pool: "\(pool)", LogKeys.reason: "\(reason)",
        ]
        switch ending {
        case .left where !isFailure: logger.info("A worker left", metadata: metadata)
        case .left, .died: logger.error("A worker died; its jobs go to others", metadata: metadata)
        case .failedToStart:
            series.startFailures(pool: pool).increment()
            logger.error("A worker ended before it was ready", metadata: metadata)
        case .unknown: break
        }
        unreaped[worker] = pool
        await reap(worker, in: pool)
        self.ending.raise()
        wake.raise()
    }

    func reap(_ worker: String, in pool: String) async {
        do {
            for queue in configuration.queues(of: pool) {
                let jobs = try await observer.reap(worker, from: [queue])
                guard jobs > 0 else { continue }
                series.reapedJobs(model: queue.model).increment(by: jobs)
                logger.notice(
                    "Jobs of a worker that ended are back in the queue",
                    metadata: [
                        LogKeys.workerID: "\(worker)", LogKeys.modelName: "\(queue.model)",
                        LogKeys.batchSize: "\(jobs)",
                    ])
            }
            unreaped[worker] = nil
        } catch {
            logger.error(
                "The jobs of a worker that ended cannot be given back yet; tried again every second",
                metadata: [LogKeys.workerID: "\(worker)", LogKeys.reason: "\(error)"])
        }
    }

    /// Gives back what belongs to workers without a lease, and makes due jobs takable.
    package func reapExpired() async {
        for (worker, pool) in unreaped { await reap(worker, in: pool) }
        do {
            let reaped = try await observer.reapExpired(from: configuration.queues)
            if !reaped.isEmpty { wake.raise() }
        } catch {
            // `observe` says that the queue is away; here it would be said every second.
            logger.debug("Leases were not looked at", metadata: [LogKeys.reason: "\(error)"])
        }
    }
}
