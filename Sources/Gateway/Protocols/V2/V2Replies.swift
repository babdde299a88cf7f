import HTTPTypes
import Time

/// Errors of the gateway as V2 answers: the one place that maps them to statuses.
extension HTTPReply {
    /// The answer to whatever stopped a request.
    static func failure(_ error: any Error) -> HTTPReply {
        switch error {
        case let error as V2Error: .v2(error)
        case let refusal as Refusal: .refused(refusal)
        case let error as RequestBodyError: .body(error)
        default: .error(.internalServerError, "the request could not be handled: \(error)")
        }
    }

    static func v2(_ error: V2Error) -> HTTPReply { .error(.init(code: error.status), error.message) }

    /// The outcome is there, but not in this form.
    static func inexpressible(
        _ error: V2EncodingError, status: HTTPResponse.Status, _ ticket: JobTicket, isKept: Bool
    ) -> HTTPReply {
        switch error {
        case .inexpressible(let message):
            .error(
                status,
                "\(message); it is \(isKept ? "kept" : "there for a short while only"): GET \(ticket.path)?binary_data_output=true (or with Accept: application/octet-stream)",
                headers: [.jobID: ticket.description, .location: ticket.path])
        case .malformed(let message):
            .error(.internalServerError, message, headers: [.jobID: ticket.description])
        }
    }

    static func refused(_ refusal: Refusal) -> HTTPReply {
        switch refusal {
        case .queueFull(let model, let held, let limit, let retryAfter):
            let seconds = Int(retryAfter.seconds.rounded(.up))
            return .error(
                .tooManyRequests,
                "Exceeds maximum queue size: model '\(model)' holds \(held) jobs and allows \(limit); retry after \(seconds) s",
                headers: [.retryAfter: String(seconds)])
        case .cannotServe(let model, let reason, let retryAfter):
            return .cannotServe(model, reason: reason, retryAfter: retryAfter)
        case .storeFull(let message):
            return .error(.serviceUnavailable, message, headers: [.retryAfter: "5"])
        case .tooLarge(let message): return .error(.contentTooLarge, message)
        case .gone(let ticket):
            return .error(
                .gone,
                "job \(ticket) of this Idempotency-Key is over and its outcome is no longer kept; use another key to run it again"
            )
        case .unavailable(let message):
            return .error(.serviceUnavailable, message, headers: [.retryAfter: "1"])
        case .conflict:
            return .error(
                .unprocessableContent,
                "Idempotency-Key was used for a different request: use another key for another request")
        case .underWay(let ticket):
            return .error(
                .conflict,
                "job \(ticket) of this Idempotency-Key is still under way, so it is not run again: GET \(ticket.path)",
                headers: [.jobID: ticket.description, .location: ticket.path])
        }
    }

    static func cannotServe(_ model: String, reason: String, retryAfter: Duration) -> HTTPReply {
        let seconds = min(max(Int(retryAfter.seconds.rounded(.up)), 1), 60)
        return .error(
            .serviceUnavailable, "model '\(model)' is not ready: \(reason)", headers: [.retryAfter: String(seconds)])
    }

    static func body(_ error: RequestBodyError) -> HTTPReply {
        switch error {
        case .tooLarge(let limit):
            var reply = HTTPReply.error(.contentTooLarge, "the request body is larger than the limit of \(limit) bytes")
            reply.closesConnection = true
            return reply
        case .noRoom(let held, let limit):
            var reply = HTTPReply.error(
                .serviceUnavailable,
                "the gateway holds \(held) bytes of request bodies and allows \(limit) (gateway.maximum_bodies); try again in a second",
                headers: [.retryAfter: "1"])
            reply.closesConnection = true
            return reply
        case .unknownEncoding(let name):
            return .error(
                .unsupportedMediaType,
                "Content-Encoding '\(name.shortened)' is not supported; allowed: one of \(ContentCodings.supported)",
                headers: [.acceptEncoding: ContentCodings.supported])
        case .notDecompressible(let reason):
            return .error(.badRequest, "the request body cannot be decompressed: \(reason)")
        case .refused(let refusal):
            var reply = HTTPReply.error(refusal.status, refusal.message)
            reply.closesConnection = true
            return reply
        case .interrupted:
            var reply = HTTPReply.error(.badRequest, "the connection ended before the request body did")
            reply.closesConnection = true
            return reply
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
