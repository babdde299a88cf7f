package import Jobs
import NIOCore
import Tensors

/// What becomes of a job that this worker took.
package enum Release: Sendable {
    /// It has an outcome.
    case settle(Settlement)
    /// Its run returned an error; it may run again after the delay.
    case retry(TakenJob, after: Duration, error: String)
    /// It was not started.
    case handBack(TakenJob)

    /// Of the tensors that it keeps in memory: its outcome's, or the inputs of a job that goes back.
    package var keptBytes: Int {
        switch self {
        case .settle: bytes
        case .retry(let job, _, _), .handBack(let job): job.job.inputs.reduce(0) { $0 + $1.bytes.readableBytes }
        }
    }

    /// Of the tensors of its outcome.
    package var bytes: Int {
        guard case .settle(let settlement) = self, case .finished(let tensors) = settlement.outcome.ending else {
            return 0
        }
        return tensors.reduce(0) { $0 + $1.bytes.readableBytes }
    }

    /// The same job, settled as failed: its outcome cannot be written. `nil` if it carries no tensors.
    package func failed(_ message: String) -> Release? {
        guard case .settle(var settlement) = self, case .finished = settlement.outcome.ending else { return nil }
        settlement.outcome.ending = .failed(
            JobFailure(
                code: .backend, message: "the outcome is too large: \(message)",
                attempts: settlement.outcome.run.attempt))
        return .settle(settlement)
    }
}
