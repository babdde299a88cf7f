import ScalerCore
import Clusters
package import Jobs
import Logging
import Observability
import Scaling
import Settings
import Time
import Clocks

/// Workers that ended, and their jobs.
extension ScalerService {
    /// Gives the jobs of a worker that ended back to the queue, and decides anew.
    package func noteEnd(of worker: String, in pool: String, reason: String, isFailure: Bool, ran: LastRuns = .unknown)
        async
    {
        let ending = fleet.noteEnd(worker)
        unreaped[worker] = Unreaped(pool: pool, ran: ran)
        // While the queue is away the loop that tries again every second sees to it; what else ended must not wait for that.
        let reaped = sight.looked != nil && sight.readableSince == nil ? nil : await reap(worker)
        var metadata: Logger.Metadata = [
            LogKeys.workerID: "\(worker)", LogKeys.pool: "\(pool)",
            LogKeys.reason: "\(reason)\(isFailure ? ran.words : "")",
        ]
        if let blamed = reaped?.blamed, isFailure {
            metadata[LogKeys.jobID] = "\(blamed)"
            metadata[LogKeys.modelName] = "\(blamed.queue.model)"
        }
        switch ending {
        case .left where !isFailure: logger.info("A worker left", metadata: metadata)
        case .left, .died: logger.error("A worker died; its jobs go to others", metadata: metadata)
        case .failedToStart where (reaped?.count ?? 0) > 0:
            // It had jobs: it was ready, and died of them before it was seen. That is no reason to hold starts back.
            fleet.noteUnseenReady(in: pool)
            logger.error("A worker died; its jobs go to others", metadata: metadata)
        case .failedToStart:
            fleet.noteFailedStart(in: pool)
            series.startFailures(pool: pool).increment()
            logger.error("A worker ended before it was ready", metadata: metadata)
        case .unknown: break
        }
        self.ending.raise()
        wake.raise()
    }

    /// Says which workers lost their lease since, and which report again.
    func saySilence(before: Set<String>) {
        let now = fleet.silent
        for worker in now.subtracting(before).sorted() {
            logger.error(
                "A worker does not report any more: it is frozen or cut off; another takes its place",
                metadata: [LogKeys.workerID: "\(worker)"])
        }
        for worker in before.subtracting(now).sorted() where fleet.members[worker] != nil {
            logger.notice("A worker reports again", metadata: [LogKeys.workerID: "\(worker)"])
        }
    }

    /// - Returns: what went back; `nil`: nothing can be given back now.
    @discardableResult
    func reap(_ worker: String) async -> Reaped? {
        guard let unreaped = unreaped[worker] else { return nil }
        do {
            let reaped = try await observer.reap(
                worker, from: configuration.queues(of: unreaped.pool), ran: unreaped.ran)
            for (queue, jobs) in reaped.jobs.sorted(by: { $0.key.description < $1.key.description }) {
                series.reapedJobs(model: queue.model).increment(by: jobs)
                logger.notice(
                    "Jobs of a worker that ended are back in the queue",
                    metadata: [
                        LogKeys.workerID: "\(worker)", LogKeys.modelName: "\(queue.model)",
                        LogKeys.batchSize: "\(jobs)",
                    ])
            }
            self.unreaped[worker] = nil
            return reaped
        } catch {
            logger.error(
                "The jobs of a worker that ended cannot be given back yet; tried again every second",
                metadata: [LogKeys.workerID: "\(worker)", LogKeys.reason: "\(error)"])
            return nil
        }
    }

    /// Gives back what belongs to workers without a lease, and makes due jobs takable.
    package func reapExpired() async {
        for worker in unreaped.keys.sorted() { await reap(worker) }
        do {
            let reaped = try await observer.reapExpired(from: configuration.queues)
            if !reaped.isEmpty { wake.raise() }
        } catch {
            // `observe` says that the queue is away; here it would be said every second.
            logger.debug("Leases were not looked at", metadata: [LogKeys.reason: "\(error)"])
        }
    }
}

/// A worker that ended and whose jobs could not be given back yet.
struct Unreaped: Sendable {
    var pool: String
    var ran: LastRuns
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
