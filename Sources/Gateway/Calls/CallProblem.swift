import GatewayCore
import Jobs

/// Why a call has no result: all that a protocol has to say in its own terms.
enum CallProblem: Error {
    // MARK: Before there is a job

    case unknownModel(String)
    /// The model is known, this version of it is not served.
    case unknownVersion(String, of: String, served: String)
    /// What the protocol's own decoder said of the request.
    case request(any Error)
    /// What is wrong with an option of the call, in words.
    case option(String)
    case body(RequestBodyError)
    case refused(Refusal)
    /// The job of this Idempotency-Key is over and its outcome is no longer kept.
    case gone(JobTicket)
    /// The job of this Idempotency-Key has not ended, and another run of it was asked for.
    case underWay(JobTicket)

    // MARK: After

    /// The job goes on; its outcome is kept for who has the ticket.
    /// - Parameter fault: why nobody can run it at present, where that is so.
    case timedOut(JobTicket, fault: String?)
    /// The job's deadline passed while its caller waited.
    case late(JobTicket)
    case disconnected
    case failed(JobFailure, JobTicket)
    case expired(JobTicket)
    case cancelled(reason: String, JobTicket)
    /// The outcome is there, but not in the form that was asked for.
    case inexpressible(String, JobTicket, isKept: Bool)
    /// The outcome contradicts itself.
    case malformed(String, JobTicket)

    /// What stopped a request, whoever threw it.
    init(_ error: any Error) {
        switch error {
        case let problem as CallProblem: self = problem
        case let refusal as Refusal: self = .refused(refusal)
        case let error as RequestBodyError: self = .body(error)
        default: self = .request(error)
        }
    }

    /// Why the request was refused, for the label of a metric; `nil` for one that was not.
    var refusal: String? {
        switch self {
        case .refused(let refusal): refusal.reason
        case .gone: "gone"
        case .underWay: "under_way"
        case .unknownModel, .unknownVersion, .request, .option, .body, .timedOut, .late, .disconnected, .failed,
            .expired,
            .cancelled, .inexpressible, .malformed:
            nil
        }
    }
}
