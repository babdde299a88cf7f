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
    /// `GET /v2/jobs/{id}[?wait=20s][&binary_data_output=true]`.
    func job(_ text: String, request: Request, watch: ConnectionWatch) async -> HTTPReply {
        await withJob(text) { ticket, model throws in
            let query = try V2JobQuery(request)
            let state = try await calls.state(
                of: ticket.id, waitingUpTo: min(query.wait, settings.maximumWait), watch: watch)
            return try await describe(state, ticket: ticket, model: model, form: query.form)
        }
    }

    /// `DELETE /v2/jobs/{id}`: the state afterwards, never the outcome itself.
    func cancel(_ text: String) async -> HTTPReply {
        await withJob(text) { ticket, model throws in
            let state = try await calls.cancel(ticket.id, reason: "cancelled by request")
            return try status(of: state, ticket, as: .ok)
        }
    }

    /// Answers 404 unless `text` was given out as the name of a job of a model that is served.
    private func withJob(
        _ text: String, _ answer: (JobTicket, ServedModel) async throws -> HTTPReply
    ) async -> HTTPReply {
        var reply: HTTPReply
        var name: String?
        do {
            if let ticket = try await calls.find(text), let model = catalog.find(ticket.id.queue) {
                name = model.settings.name
                reply = try await answer(ticket, model)
            } else {
                reply = Self.unknown(text)
            }
        } catch {
            reply = .failure(error)
        }
        reply.headers[.cacheControl] = "no-store"
        calls.meters.noteJobRequest(model: name, reply)
        return reply
    }

    /// The outcome of a job that is finished, the state of any other.
    func describe(
        _ state: JobState, ticket: JobTicket, model: ServedModel, form: TensorForm
    ) async throws -> HTTPReply {
        guard case .settled(let outcome) = state, case .finished(let tensors) = outcome.ending else {
            if case .settled = state { return try status(of: state, ticket, as: .ok) }
            return try status(of: state, ticket, as: .accepted)
        }
        let reply: HTTPReply
        do {
            let echo = try V2Echo.decode(outcome.echo).with(form)
            reply = try await response(tensors, form: echo, model: model)
        } catch let error as V2EncodingError {
            reply = .inexpressible(error, status: .notAcceptable, ticket, isKept: true)
        }
        return reply.adding([
            .jobStatus: "finished", .jobID: ticket.description, .vary: "Accept", .cacheControl: "no-store",
        ])
    }

    /// The job's state as JSON, without its outcome.
    /// - Parameter expectedWait: from now to its outcome, where that is known: nobody can tell how many of the jobs in a queue are
    ///   before a given one, so it is said at the submit only.
    func status(
        of state: JobState, _ ticket: JobTicket, as code: HTTPResponse.Status, expectedWait: Duration? = nil
    ) throws -> HTTPReply {
        let queue = ticket.id.queue
        var body = JobStatusBody(
            id: ticket.description, model_name: queue.model, model_version: queue.version, status: "")
        switch state {
        case .waiting:
            body.status = "waiting"
            body.expected_wait_ms = expectedWait.map { max(1, $0.wholeMilliseconds) }
        case .running: body.status = "running"
        case .retrying: body.status = "retrying"
        // Its signature says that it was accepted: a synchronous job, whose outcome is kept for less, or one that the store lost.
        case .unknown, .gone:
            return .error(
                .gone,
                "job \(ticket) is over: outcomes are kept for \(settings.retention.text) after a job is settled, those of answered calls for less"
            )
        case .settled(let outcome): body.note(outcome.ending)
        }
        return try .json(code, encoding: body).adding([
            .jobStatus: body.status, .jobID: ticket.description, .cacheControl: "no-store",
        ])
    }

    private static func unknown(_ id: String) -> HTTPReply {
        .error(.notFound, "job '\(id.shortened)' is not known")
    }
}

extension JobStatusBody {
    fileprivate mutating func note(_ ending: Outcome.Ending) {
        status = ending.name
        switch ending {
        case .finished: break
        case .failed(let failure):
            error = failure.message
            code = failure.code.name
            attempts = failure.attempts
        case .expired: error = "its deadline passed before it could run"
        case .cancelled(let reason): error = reason
        }
    }
}

extension Outcome.Ending {
    /// The word for the state of a job that ended so.
    var name: String {
        switch self {
        case .finished: "finished"
        case .failed: "failed"
        case .expired: "expired"
        case .cancelled: "cancelled"
        }
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
