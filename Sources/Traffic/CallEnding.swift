/// How one call ended, as its caller saw it. Each call of a run has exactly one.
package enum CallEnding: Sendable, Equatable {
    /// An answer came and it was the expected one (or nothing was expected).
    case right
    /// An answer came that differs from the expected one.
    case wrong(String)
    /// More than one answer came: two finished jobs for one key, or two answers that differ.
    case duplicated(String)
    /// The service said that it could not be done: an error status, a failed or cancelled job.
    case failed(String)
    /// The service gave up because the call's own deadline or time-out had passed.
    case expired
    /// Refused with 429 or 503 until the retries were used up. Nothing was accepted.
    case refused
    /// Accepted, and no answer by the end of the follow-up; or accepted and then unknown to the service.
    case lost(String)
    /// Sent, and the connection gave no answer; whether it was accepted is not known.
    case unanswered(String)
    /// Not sent, because the run was stopped.
    case unsent
    /// Sent or accepted, and still open when somebody stopped the run: nothing is known of it.
    case interrupted

    /// Whether the service answered the call with a result, whatever it was.
    package var isFinished: Bool {
        switch self {
        case .right, .wrong, .duplicated: true
        case .failed, .expired, .refused, .lost, .unanswered, .unsent, .interrupted: false
        }
    }
}
