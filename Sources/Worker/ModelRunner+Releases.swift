import Jobs
import Logging
import Observability
import WorkerCore

extension ModelRunner {
    /// Counts how a job left, and says it at the level debug.
    func noting(_ released: ReleaseRules.Released, of held: ModelLedger.Held) -> Release {
        meters.ended(released.ending)
        if let batchWait = released.batchWait { meters.batchWait.record(batchWait) }
        let job = held.admitted.job
        switch released.ending {
        case .finished:
            logger.debug(
                "A job is finished",
                metadata: [LogKeys.jobID: "\(job.id)", LogKeys.attempt: "\(job.attempt)"])
        case .failed, .retried:
            logger.debug(
                "A job failed",
                metadata: [
                    LogKeys.jobID: "\(job.id)", LogKeys.attempt: "\(job.attempt)",
                    LogKeys.reason: "\(released.reason ?? "")",
                ])
        case .expired, .cancelled, .handedBack: break
        }
        return released.release
    }
}
