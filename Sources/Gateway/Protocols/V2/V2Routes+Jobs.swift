import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Time

/// The JSON form of a job that has no V2 response (yet).
struct JobStatusBody: Encodable {
    var id: String
    var model_name: String
    var model_version: String
    var status: String
    var expected_wait_ms: Int64?
    var error: String?
    var code: String?
    var attempts: Int?
}

extension V2Routes {
    /// `GET /v2/jobs/{id}[?wait=20s]`.
    func job(_ text: String, request: Request, watch: ConnectionWatch) async -> HTTPReply {
        var wait = Duration.zero
        if let field = request.uri.queryParameters["wait"] {
            guard let parsed = Self.duration(String(field)) else {
                return .error(.badRequest, "wait must be a duration such as 20s or 500ms, got: \(field)")
            }
            wait = min(parsed, settings.maximumWait)
        }
        return await withJob(text) { ticket, model throws in
            try describe(
                await calls.state(of: ticket.id, waitingUpTo: wait, watch: watch), ticket: ticket, model: model)
        }
    }

    /// `DELETE /v2/jobs/{id}`.
    func cancel(_ text: String) async -> HTTPReply {
        await withJob(text) { ticket, model throws in
            try describe(
                await calls.cancel(ticket.id, reason: "cancelled by request"), ticket: ticket, model: model)
        }
    }

    /// Answers 404 unless `text` was given out as the name of a job of a model that is served.
    private func withJob(
        _ text: String, _ answer: (JobTicket, ServedModel) async throws -> HTTPReply
    ) async -> HTTPReply {
        do {
            guard let ticket = try await calls.find(text), let model = catalog.find(ticket.id.queue) else {
                return Self.unknown(text)
            }
            return try await answer(ticket, model)
        } catch {
            return .failure(error)
        }
    }

    private func describe(_ state: JobState, ticket: JobTicket, model: ServedModel) throws -> HTTPReply {
        switch state {
        case .waiting: return try unsettled("waiting", ticket)
        case .running: return try unsettled("running", ticket)
        case .retrying: return try unsettled("retrying", ticket)
        case .unknown: return Self.unknown(ticket.description)
        case .gone:
            return .error(
                .gone,
                "job \(ticket) is over: outcomes are kept for \(settings.retention.seconds) s after a job is settled")
        case .settled(let outcome):
            return try settled(outcome, ticket, model: model).adding([
                .jobStatus: Self.name(outcome.ending), .jobID: ticket.description,
            ])
        }
    }

    private func unsettled(_ status: String, _ ticket: JobTicket) throws -> HTTPReply {
        let queue = ticket.id.queue
        let body = JobStatusBody(
            id: ticket.description, model_name: queue.model, model_version: queue.version, status: status,
            expected_wait_ms: calls.admission.expectedWait(in: queue)?.wholeMilliseconds)
        return try .json(.accepted, encoding: body).adding([.jobStatus: status, .jobID: ticket.description])
    }

    private func settled(_ outcome: Outcome, _ ticket: JobTicket, model: ServedModel) throws -> HTTPReply {
        var body = JobStatusBody(
            id: ticket.description, model_name: outcome.id.queue.model, model_version: outcome.id.queue.version,
            status: Self.name(outcome.ending))
        switch outcome.ending {
        case .finished(let tensors):
            return response(tensors, form: try V2Echo.decode(outcome.echo), model: model)
        case .failed(let failure):
            body.error = failure.message
            body.code = failure.code.name
            body.attempts = failure.attempts
        case .expired: body.error = "its deadline passed before it could run"
        case .cancelled(let reason): body.error = reason
        }
        return try .json(.ok, encoding: body)
    }

    private static func name(_ ending: Outcome.Ending) -> String {
        switch ending {
        case .finished: "finished"
        case .failed: "failed"
        case .expired: "expired"
        case .cancelled: "cancelled"
        }
    }

    private static func unknown(_ id: String) -> HTTPReply { .error(.notFound, "job '\(id.shortened)' is not known") }

    /// `20s`, `500ms`, or plain seconds; at most a day.
    static func duration(_ text: String) -> Duration? {
        let (digits, unit): (Substring, Double)
        if text.hasSuffix("ms") {
            (digits, unit) = (text.dropLast(2), 0.001)
        } else if text.hasSuffix("s") {
            (digits, unit) = (text.dropLast(), 1)
        } else {
            (digits, unit) = (Substring(text), 1)
        }
        guard let number = Double(digits), number.isFinite, (0...86_400).contains(number * unit) else { return nil }
        return .milliseconds(Int64(number * unit * 1_000))
    }
}

extension JobFailure.Code {
    var name: String {
        switch self {
        case .invalidInput: "invalid_input"
        case .backend: "backend"
        case .poison: "poison"
        case .internal: "internal"
        }
    }
}
