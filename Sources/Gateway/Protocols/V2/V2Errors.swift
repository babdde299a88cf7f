import GatewayCore
import HTTPTypes
import Jobs
import Time

/// The table of the protocol's errors: Triton's statuses, and its texts where users search for them.
extension HTTPReply {
    static func v2(_ problem: CallProblem) -> HTTPReply {
        switch problem {
        case .unknownModel(let name):
            .error(.notFound, "Request for unknown model: '\(name.shortened)' is not found")
        case .unknownVersion(let version, let name, let served):
            .error(
                .notFound,
                "Request for unknown model: '\(name.shortened)' version \(version.shortened) is not found; version \(served) is served"
            )
        case .request(let error as V2Error): .error(.init(code: error.status), error.message)
        case .request(let error): .error(.internalServerError, "the request could not be handled: \(error)")
        case .option(let message): .error(.badRequest, message)
        case .body(let error): .error(error.status, error.message, headers: error.fields)
        case .refused(let refusal): .v2(refusal)
        case .gone(let ticket):
            .error(
                .gone,
                "job \(ticket) of this Idempotency-Key is over and its outcome is no longer kept; use another key to run it again"
            )
        case .underWay(let ticket):
            .error(
                .conflict,
                "job \(ticket) of this Idempotency-Key is still under way, so it is not run again: GET \(ticket.path)",
                headers: [.jobID: ticket.description, .location: ticket.path])
        case .timedOut(let ticket, let fault):
            .error(
                .gatewayTimeout,
                "Request timeout expired; the job goes on and its outcome is kept: GET \(ticket.path)"
                    + (fault.map { "; at present nobody can run it: \($0)" } ?? ""),
                headers: [.jobID: ticket.description, .location: ticket.path])
        case .late(let ticket):
            .v2(.gatewayTimeout, "Request timeout expired: job \(ticket) was not done by its deadline", ticket)
        case .disconnected:
            .error(.init(code: 499, reasonPhrase: "Client Closed Request"), "the client went away")
        case .failed(let failure, let ticket):
            .v2(failure.code == .invalidInput ? .badRequest : .internalServerError, failure.message, ticket)
        case .expired(let ticket):
            .v2(.gatewayTimeout, "Request timeout expired: job \(ticket) could not run before its deadline", ticket)
        case .cancelled(let reason, let ticket): .v2(.conflict, "job \(ticket) was cancelled: \(reason)", ticket)
        case .inexpressible(let message, let ticket, let isKept):
            .error(
                .badRequest, ticket.advice(message, isKept: isKept),
                headers: [.jobID: ticket.description, .location: ticket.path])
        case .malformed(let message, let ticket): .v2(.internalServerError, message, ticket)
        }
    }

    static func v2(_ refusal: Refusal) -> HTTPReply {
        switch refusal {
        case .queueFull(let model, let held, let limit, let retryAfter):
            let seconds = Int(retryAfter.seconds.rounded(.up))
            return .error(
                .tooManyRequests,
                "Exceeds maximum queue size: model '\(model)' holds \(held) jobs and allows \(limit); retry after \(seconds) s",
                headers: [.retryAfter: String(seconds)])
        case .cannotServe(let model, let reason, let retryAfter):
            let seconds = min(max(Int(retryAfter.seconds.rounded(.up)), 1), 60)
            return .error(
                .serviceUnavailable, "model '\(model)' is not ready: \(reason)",
                headers: [.retryAfter: String(seconds)])
        case .queue(.full(let message)): return .error(.serviceUnavailable, message, headers: [.retryAfter: "5"])
        case .queue(.tooLarge(let message)): return .error(.contentTooLarge, message)
        case .queue(.unavailable(let message)):
            return .error(.serviceUnavailable, message, headers: [.retryAfter: "1"])
        case .conflict:
            return .error(
                .unprocessableContent,
                "Idempotency-Key was used for a different request: use another key for another request")
        }
    }

    /// Of a call that has a job.
    private static func v2(_ status: HTTPResponse.Status, _ message: String, _ ticket: JobTicket) -> HTTPReply {
        .error(status, message, headers: [.jobID: ticket.description])
    }
}
