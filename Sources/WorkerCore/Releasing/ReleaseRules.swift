package import Jobs
import Tensors
package import Time

/// What becomes of a job that leaves the ledger: its outcome and the record of its run, another attempt, or back.
///
/// | it | then |
/// |---|---|
/// | has all its rows | finished, or failed where the outputs of its parts do not fit together |
/// | failed in the backend, and attempts are left | again after 100 ms, doubling, at most 5 s |
/// | failed otherwise | failed |
/// | expired, was cancelled | that |
/// | was not started | handed back |
package struct ReleaseRules: Sendable {
    /// How a job left this worker.
    package enum Ending: String, Sendable, CaseIterable {
        case finished, failed, expired, cancelled, retried, handedBack
    }

    package struct Released: Sendable {
        package var release: Release
        package var ending: Ending
        /// Why it failed or is tried again.
        package var reason: String?
        /// From take until its batch started, of one that finished.
        package var batchWait: Duration?
    }

    private let worker: String
    private let maximumAttempts: Int

    /// - Parameter maximumAttempts: runs that returned an error, after which a job is given up.
    package init(worker: String, maximumAttempts: Int) {
        self.worker = worker
        self.maximumAttempts = maximumAttempts
    }

    package func release(of held: ModelLedger.Held, _ ending: ModelLedger.Ending, now: Timestamp) -> Released {
        let job = held.admitted.job
        switch ending {
        case .finished: return finished(held, now: now)
        case .failed(let failure): return failed(held, failure, now: now)
        case .expired:
            return Released(release: settle(job, .expired, now: now, taken: held.taken), ending: .expired)
        case .cancelled:
            let outcome = Outcome.Ending.cancelled(reason: "cancelled by its caller")
            return Released(release: settle(job, outcome, now: now, taken: held.taken), ending: .cancelled)
        case .handedBack: return Released(release: .handBack(job), ending: .handedBack)
        }
    }

    /// A job that does not fit the model fails with the reason, without a run.
    package func refusal(of job: TakenJob, reason: String, now: Timestamp) -> Release {
        let failure = JobFailure(code: .invalidInput, message: reason, attempts: job.attempt)
        return settle(job, .failed(failure), now: now, taken: now)
    }

    private func finished(_ held: ModelLedger.Held, now: Timestamp) -> Released {
        do throws(BatchResult.Failure) {
            let outputs = try RowParts.joined(held.parts)
            return Released(
                release: settle(held.admitted.job, .finished(outputs), now: now, taken: held.taken, held: held),
                ending: .finished, batchWait: held.started.map { max(.zero, $0 - held.taken) })
        } catch {
            return failed(held, error, now: now)
        }
    }

    /// A failure of the input is final; one of the backend is tried again until the attempts are used up.
    private func failed(_ held: ModelLedger.Held, _ failure: BatchResult.Failure, now: Timestamp) -> Released {
        let job = held.admitted.job
        if failure.fault == .backend, job.attempt < maximumAttempts {
            let retry = Release.retry(job, after: Self.retryDelay(attempt: job.attempt), error: failure.message)
            return Released(release: retry, ending: .retried, reason: failure.message)
        }
        let code: JobFailure.Code =
            switch failure.fault {
            case .input: .invalidInput
            case .backend, .rows, .bound: .backend
            }
        let ending = JobFailure(code: code, message: failure.message, attempts: job.attempt)
        return Released(
            release: settle(job, .failed(ending), now: now, taken: held.taken, held: held), ending: .failed,
            reason: failure.message)
    }

    /// 100 ms after the first failed attempt, doubling, at most 5 s.
    package static func retryDelay(attempt: Int) -> Duration {
        min(.seconds(5), .milliseconds(100) * (1 << min(10, max(0, attempt - 1))))
    }

    private func settle(
        _ job: TakenJob, _ ending: Outcome.Ending, now: Timestamp, taken: Timestamp, held: ModelLedger.Held? = nil
    ) -> Release {
        let started = held?.started
        return .settle(
            Settlement(
                outcome: Outcome(
                    id: job.id, replyTo: job.job.replyTo, echo: job.job.echo, ending: ending,
                    run: RunRecord(
                        submitted: job.job.submitted, settled: now, queueWait: max(.zero, taken - job.job.submitted),
                        batchWait: started.map { max(.zero, $0 - taken) } ?? .zero, compute: held?.compute ?? .zero,
                        batchRows: held?.batchRows ?? 0, worker: worker, attempt: job.attempt)),
                retention: job.job.retention))
    }
}
