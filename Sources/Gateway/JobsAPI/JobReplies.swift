import GatewayCore
import HTTPTypes
import Settings
import Time

/// The table of the errors of requests for jobs.
extension HTTPReply {
    static func unknownJob(_ name: String) -> HTTPReply {
        .error(.notFound, "job '\(name.shortened)' is not known")
    }

    static func jobGone(_ ticket: JobTicket, retention: Duration) -> HTTPReply {
        .error(
            .gone,
            "job \(ticket) is over: outcomes are kept for \(retention.text) after a job is settled, those of answered calls for less"
        )
    }

    /// The outcome is there, but not in this form.
    static func jobInexpressible(_ error: OutcomeEncodingError, _ ticket: JobTicket) -> HTTPReply {
        switch error {
        case .inexpressible(let message):
            .error(
                .notAcceptable, ticket.advice(message, isKept: true),
                headers: [.jobID: ticket.description, .location: ticket.path])
        case .malformed(let message):
            .error(.internalServerError, message, headers: [.jobID: ticket.description])
        }
    }

    static func jobFailure(_ error: any Error) -> HTTPReply {
        switch error {
        case let error as JobQueryError: .error(.badRequest, error.message)
        case QueueTrouble.full(let message): .error(.serviceUnavailable, message, headers: [.retryAfter: "5"])
        case QueueTrouble.tooLarge(let message): .error(.contentTooLarge, message)
        case QueueTrouble.unavailable(let message): .error(.serviceUnavailable, message, headers: [.retryAfter: "1"])
        case is UnknownEcho:
            .error(
                .internalServerError,
                "the job was submitted by another version of the gateway; its answer cannot be encoded")
        default: .error(.internalServerError, "the request could not be handled: \(error)")
        }
    }

    /// What a caller's job says is for this caller, and is another thing the next time.
    var notStored: HTTPReply { adding([.cacheControl: "no-store"]) }

    func adding(_ fields: HTTPFields) -> HTTPReply {
        var reply = self
        for field in fields { reply.headers[field.name] = field.value }
        return reply
    }
}

/// Nobody here knows the protocol that a job was submitted through.
struct UnknownEcho: Error {}

extension JobTicket {
    /// How to get an outcome that cannot be had in the form that was asked for.
    func advice(_ message: String, isKept: Bool) -> String {
        "\(message); it is \(isKept ? "kept" : "there for a short while only"): GET \(path)?binary_data_output=true (or with Accept: application/octet-stream)"
    }
}
