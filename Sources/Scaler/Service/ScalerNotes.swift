import Jobs
import Logging
import Observability
import Operations
import ScalerCore
import Scaling
import Time

/// Writes what the machine says to the log and into the figures.
struct ScalerNotes: Sendable {
    let logger: Logger
    let series: ScalerSeries

    func write(_ note: ScalerNote) {
        switch note {
        case .readable, .unreadable, .reaped, .reapFailed: writeQueue(note)
        case .startUp, .silent, .reportsAgain, .hung, .ended, .taken: writeWorker(note)
        case .scaleOut, .scaleIn, .started, .startFailed, .countFailed, .ordersGivenUp, .stops, .stayed:
            writeOrder(note)
        case .decided(let decision): measure(decision)
        case .notDone(let decision):
            logger.notice(
                "Dry run, not done: \(decision.wanted) workers wanted", metadata: about(decision.pool, decision.reason))
        case .leads: logger.notice("This scaler leads")
        case .isLed: logger.notice("Another scaler leads, or none; this one observes")
        case .setByHand(let entry, let time):
            logger.notice("Set by hand", metadata: [LogKeys.reason: "\(entry.text(at: time))"])
        case .notSetAnyMore(let entry):
            logger.notice("Not set by hand any more", metadata: [LogKeys.reason: "\(entry.kind) \(entry.subject)"])
        case .expired(let entry): logger.notice("Expired", metadata: [LogKeys.reason: "\(entry.kind) \(entry.subject)"])
        }
    }

    private func writeQueue(_ note: ScalerNote) {
        switch note {
        case .readable(let outage):
            logger.info("The queue can be read again", metadata: [LogKeys.reason: "after \(outage)"])
        case .unreadable(let reason):
            logger.error(
                "The queue cannot be read; the workers stay as they are", metadata: [LogKeys.reason: "\(reason)"])
        case .reaped(let worker, let queue, let jobs):
            series.reapedJobs(model: queue.model).increment(by: jobs)
            logger.notice(
                "Jobs of a worker that ended are back in the queue",
                metadata: [
                    LogKeys.workerID: "\(worker)", LogKeys.modelName: "\(queue.model)", LogKeys.batchSize: "\(jobs)",
                ])
        case .reapFailed(let worker, let reason):
            logger.error(
                "The jobs of a worker that ended cannot be given back yet; tried again every second",
                metadata: [LogKeys.workerID: "\(worker)", LogKeys.reason: "\(reason)"])
        case .startUp, .silent, .reportsAgain, .hung, .ended, .taken, .scaleOut, .scaleIn, .started, .startFailed,
            .countFailed, .ordersGivenUp, .stops, .stayed, .decided, .notDone, .leads, .isLed, .setByHand,
            .notSetAnyMore, .expired:
            // Written elsewhere.
            break
        }
    }

    private func writeWorker(_ note: ScalerNote) {
        switch note {
        case .startUp(let pool, let startUp): series.startUp(pool: pool).record(startUp)
        case .silent(let worker):
            logger.error(
                "A worker does not report any more: it is frozen or cut off; another takes its place",
                metadata: [LogKeys.workerID: "\(worker)"])
        case .reportsAgain(let worker):
            logger.notice("A worker reports again", metadata: [LogKeys.workerID: "\(worker)"])
        case .hung(let worker, let pool, let phase):
            logger.error(
                "A worker hangs and is killed",
                metadata: [
                    LogKeys.workerID: "\(worker)", LogKeys.pool: "\(pool)",
                    LogKeys.reason: "\(phase.rawValue) without a report for too long",
                ])
        case .taken(let worker, let pool):
            logger.notice(
                "A worker is taken away; it drains and is replaced",
                metadata: [LogKeys.workerID: "\(worker)", LogKeys.pool: "\(pool)"])
        case .ended(let end): write(end)
        case .readable, .unreadable, .reaped, .reapFailed, .scaleOut, .scaleIn, .started, .startFailed, .countFailed,
            .ordersGivenUp, .stops, .stayed, .decided, .notDone, .leads, .isLed, .setByHand, .notSetAnyMore, .expired:
            // Written elsewhere.
            break
        }
    }

    private func write(_ end: WorkerEnd) {
        var metadata: Logger.Metadata = [
            LogKeys.workerID: "\(end.worker)", LogKeys.pool: "\(end.pool)",
            LogKeys.reason: "\(end.reason)\(end.isFailure ? end.ran.words : "")",
        ]
        if let blamed = end.blamed {
            metadata[LogKeys.jobID] = "\(blamed)"
            metadata[LogKeys.modelName] = "\(blamed.queue.model)"
        }
        switch end.meaning {
        case .left: logger.info("A worker left", metadata: metadata)
        case .died: logger.error("A worker died; its jobs go to others", metadata: metadata)
        case .failedToStart:
            series.startFailures(pool: end.pool).increment()
            logger.error("A worker ended before it was ready", metadata: metadata)
        }
    }

    private func writeOrder(_ note: ScalerNote) {
        switch note {
        case .scaleOut(let pool, let reason): logger.info("Scale out", metadata: about(pool, reason))
        case .scaleIn(let pool, let reason): logger.info("Scale in", metadata: about(pool, reason))
        case .started(let pool, let count): series.starts(pool: pool).increment(by: count)
        case .startFailed(let pool, let reason):
            series.startFailures(pool: pool).increment()
            logger.error("A worker cannot be started", metadata: about(pool, reason))
        case .countFailed(let order, let reason, let isFailedStart):
            if isFailedStart { series.startFailures(pool: order.pool).increment() }
            if order.purpose == .givenUp {
                // The next order sets the count, whatever it is.
                logger.debug("The number of workers was not lowered", metadata: about(order.pool, reason))
            } else {
                logger.error("The number of workers cannot be set", metadata: about(order.pool, reason))
            }
        case .ordersGivenUp(let pool, let count):
            series.startFailures(pool: pool).increment(by: count)
            logger.error(
                "Workers were ordered and never came; does a quota refuse them?",
                metadata: [LogKeys.pool: "\(pool)", LogKeys.batchSize: "\(count)"])
        case .stops(let workers):
            logger.info("The scaler stops and drains its workers", metadata: [LogKeys.batchSize: "\(workers)"])
        case .stayed(let workers):
            logger.error("Workers did not leave in time and are killed", metadata: [LogKeys.batchSize: "\(workers)"])
        case .readable, .unreadable, .reaped, .reapFailed, .startUp, .silent, .reportsAgain, .hung, .ended, .taken,
            .decided, .notDone, .leads, .isLed, .setByHand, .notSetAnyMore, .expired:
            // Written elsewhere.
            break
        }
    }

    private func measure(_ decision: Decision) {
        for pool in decision.pools {
            let figures = pool.figures
            series.set(
                pool: pool.pool, starting: figures.starting, ready: figures.busy + figures.idle,
                draining: figures.draining)
            series.wanted(pool: pool.pool).set(pool.wanted)
            if pool.starts > 0 { series.decisions(pool: pool.pool, direction: .out).increment() }
            if pool.drains > 0 { series.decisions(pool: pool.pool, direction: .in).increment() }
        }
    }

    private func about(_ pool: String, _ reason: String) -> Logger.Metadata {
        [LogKeys.pool: "\(pool)", LogKeys.reason: "\(reason)"]
    }
}

extension LastRuns {
    /// What ran, by model, as the end of a sentence; empty where it is not known.
    fileprivate var words: String {
        switch self {
        case .unknown: ""
        case .jobs(let jobs): " while it " + Self.words(jobs)
        case .besideLoad(let jobs): " while it loaded a model and " + Self.words(jobs)
        }
    }

    private static func words(_ jobs: Set<JobID>) -> String {
        guard !jobs.isEmpty else { return "ran nothing" }
        let models = Dictionary(grouping: jobs) { $0.queue.model }.sorted { $0.key < $1.key }
        let named = models.map { model, jobs in
            jobs.count == 1
                ? "job \(jobs.first?.description ?? "") of model \(model)" : "\(jobs.count) jobs of model \(model)"
        }
        return "ran " + named.joined(separator: " and ")
    }
}
