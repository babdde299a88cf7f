import GatewayCore
import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors
import Time

/// Jobs by their names, whatever protocol they were submitted through: state, outcome, cancellation.
struct JobRoutes: Sendable {
    let catalog: ModelCatalog
    let calls: CallService
    let protocols: InferenceProtocols
    let codings: ContentCodings
    let settings: GatewaySettings

    /// `nil` for any path but `/v2/jobs/{id}`.
    func respond(to request: Request, from caller: Caller) async -> HTTPReply? {
        guard let text = Self.name(in: request.uri.path) else { return nil }
        switch request.method {
        case .get: return await job(text, request: request, from: caller).notStored
        case .delete: return await cancel(text).notStored
        default: return .methodNotAllowed([.get, .delete])
        }
    }

    /// The name of the job that a path asks for, as it was sent.
    static func name(in path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard parts.count == 3, parts[0].percentDecoded == "v2", parts[1].percentDecoded == "jobs" else { return nil }
        return parts[2].percentDecoded
    }

    /// `GET /v2/jobs/{id}[?wait=20s][&binary_data_output=true]`.
    private func job(_ text: String, request: Request, from caller: Caller) async -> HTTPReply {
        await withJob(text) { ticket, model throws in
            let query = try JobQuery(request)
            let state = try await calls.state(
                of: ticket.id, waitingUpTo: min(query.wait, settings.maximumWait), for: caller)
            return try await describe(state, ticket: ticket, model: model, form: query.form)
        }
    }

    /// `DELETE /v2/jobs/{id}`: the state afterwards, never the outcome itself.
    private func cancel(_ text: String) async -> HTTPReply {
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
                reply = .unknownJob(text)
            }
        } catch {
            reply = .jobFailure(error)
        }
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
        guard let proto = protocols.named(in: outcome.echo) else { throw UnknownEcho() }
        let reply: HTTPReply
        do {
            reply = try await proto.encoded(tensors, outcome.echo, form, of: model, on: codings.threads)
        } catch let error as OutcomeEncodingError {
            reply = .jobInexpressible(error, ticket)
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
        case .unknown, .gone: return .jobGone(ticket, retention: settings.retention)
        case .settled(let outcome): body.note(outcome.ending)
        }
        return try .json(code, encoding: body).adding([
            .jobStatus: body.status, .jobID: ticket.description, .cacheControl: "no-store",
        ])
    }
}

extension InferenceProtocol {
    fileprivate func encoded(
        _ tensors: [Tensor], _ echo: ByteBuffer, _ wanted: TensorForm, of model: ServedModel, on threads: CodingThreads
    ) async throws -> HTTPReply {
        // Whatever the decoder says of it: the bytes are those of another version.
        guard let form = try? form(in: echo, wanted: wanted) else { throw UnknownEcho() }
        return try await encoded(tensors, as: form, of: model, on: threads)
    }
}
