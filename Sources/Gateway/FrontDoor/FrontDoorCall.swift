import Clocks
import GatewayCore
import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors
import Time

/// One inference request on its way.
struct FrontDoorCall<Proto: InferenceProtocol>: Sendable {
    /// A call that can be submitted, and how it is to be answered.
    private struct Prepared: Sendable {
        var call: InferenceCall
        var form: Proto.Form
        var mode: CallOptions.Mode
    }

    /// Larger bodies are decoded, larger answers encoded on threads of their own: a second of JSON would hold up everybody's small
    /// calls. Numbers take about four times their bytes as text.
    private static var largestInline: Int { 1 << 20 }
    /// A key is known for so long beyond the life of an outcome, since its job may wait before it runs.
    private static var longestBacklog: Duration { .seconds(3_600) }

    let door: FrontDoor
    let proto: Proto
    let meters: ProtocolMeters
    let caller: Caller

    func answer(_ request: Request, name: String, version: String?) async -> HTTPReply {
        let start = door.clock.now()
        meters.began()
        let reply: HTTPReply
        do {
            reply = try await answer(request, by: door.model(name, version: version), since: start)
        } catch {
            let problem = CallProblem(error)
            if let reason = problem.refusal { door.calls.meters.note(refusal: reason) }
            reply = proto.finalReply(to: problem)
        }
        meters.ended(model: name, reply, after: door.clock.now() - start)
        return reply
    }

    private func answer(_ request: Request, by model: ServedModel, since start: Timestamp) async throws -> HTTPReply {
        if let problem = model.problem {
            throw Refusal.cannotServe(model: model.settings.name, reason: problem, retryAfter: .seconds(2))
        }
        let share = door.bodies.makeShare()
        defer { share.release() }
        let body = try await door.read(request, limit: door.settings.maximumBody, into: share)
        meters.noteBody(body.readableBytes)
        let prepared = try await prepared(body, request.headers, model, share)
        switch prepared.mode {
        case .asynchronous(let wait):
            let job = try await door.calls.accept(prepared.call)
            share.release()
            return try await reply(to: job, of: model, wait: wait, form: TensorForm(accept: request.headers))
        case .synchronous:
            let result = try await door.calls.answer(prepared.call, for: caller, submitted: share.release)
            defer {
                if case .settled(let outcome) = result.answer {
                    door.calls.statistics.record(outcome, endToEnd: door.clock.now() - start)
                }
            }
            return try await reply(to: result, of: model, as: prepared.form)
        }
    }

}

// MARK: - In

extension FrontDoorCall {
    private func prepared(
        _ body: ByteBuffer, _ headers: HTTPFields, _ model: ServedModel, _ share: BodyBudget.Share
    ) async throws -> Prepared {
        guard body.readableBytes > Self.largestInline else { return try prepare(body, headers, model, share) }
        return try await door.codings.threads.run { Result { try prepare(body, headers, model, share) } }.get()
    }

    private func prepare(
        _ body: ByteBuffer, _ headers: HTTPFields, _ model: ServedModel, _ share: BodyBudget.Share
    ) throws -> Prepared {
        let request = try proto.decode(body, headers, for: model)
        // Tensors out of text have memory of their own, which can be four times that of their text.
        try share.add(request.ownBytes)
        let options = try CallOptions(headers, tenantHeader: door.tenantHeader)
        let once = options.key.map { key in
            IdempotencyKey(
                key: key.text, fingerprint: RequestFingerprint.of(inputs: request.inputs, outputs: request.outputs),
                retention: door.settings.retention + Self.longestBacklog, repetition: key.repetition,
                maximumQueue: model.settings.maximumQueue)
        }
        let call = InferenceCall(
            model: model, inputs: request.inputs, requestedOutputs: request.outputs, priority: request.priority,
            tenant: options.tenant, timeout: request.timeout, deadline: request.deadline, once: once,
            echo: staysHome(request.form, options) ? ByteBuffer() : proto.echo(of: request.form))
        return Prepared(call: call, form: request.form, mode: options.mode)
    }
}

extension FrontDoorCall {
    /// Whether the form need not go with the job. This gateway answers a synchronous call out of its own memory, but after a 504
    /// any gateway may be asked for the outcome: so what stays is the form that is meant where nothing is said.
    private func staysHome(_ form: Proto.Form, _ options: CallOptions) -> Bool {
        guard options.mode == .synchronous, options.key == nil, door.protocols.isDefault(proto) else { return false }
        // A protocol that cannot read nothing has no usual form.
        return (try? proto.form(in: ByteBuffer(), wanted: .asRequested)) == form
    }
}

// MARK: - Out

extension FrontDoorCall {
    /// 202 with the job's state; where the caller waits the outcome instead, if it comes in that time.
    private func reply(
        to accepted: AcceptedJob, of model: ServedModel, wait: Duration?, form: TensorForm
    ) async throws -> HTTPReply {
        let ticket = accepted.ticket
        var applied = "respond-async"
        if let wait {
            applied += ", wait=\(wait.components.seconds)"
            do {
                let state = try await door.calls.state(
                    of: ticket.id, waitingUpTo: min(wait, door.settings.maximumWait), for: caller)
                let reply = try await door.jobs.describe(state, ticket: ticket, model: model, form: form)
                return reply.adding([.location: ticket.path, .preferenceApplied: applied])
            } catch {
                // The job is accepted, and this is the only time that its caller can be told its name.
                if let trouble = error as? QueueTrouble {
                    door.calls.meters.note(refusal: Refusal.queue(trouble).reason)
                }
            }
        }
        return try door.jobs.status(
            of: accepted.state, ticket, as: .accepted, expectedWait: accepted.expectedWait
        ).adding([.location: ticket.path, .preferenceApplied: applied])
    }

    private func reply(
        to result: CallResult, of model: ServedModel, as form: Proto.Form
    ) async throws(CallProblem) -> HTTPReply {
        let ticket = result.ticket
        switch result.answer {
        case .settled(let outcome), .stored(let outcome):
            switch outcome.ending {
            case .finished(let tensors): return try await encoded(tensors, of: model, as: form, ticket)
            case .failed(let failure): throw .failed(failure, ticket)
            case .expired: throw .expired(ticket)
            case .cancelled(let reason): throw .cancelled(reason: reason, ticket)
            }
        case .timedOut: throw .timedOut(ticket, fault: door.calls.fault(of: model)?.reason)
        case .late: throw .late(ticket)
        case .disconnected: throw .disconnected
        }
    }

    private func encoded(
        _ tensors: [Tensor], of model: ServedModel, as form: Proto.Form, _ ticket: JobTicket
    ) async throws(CallProblem) -> HTTPReply {
        do throws(OutcomeEncodingError) {
            return try await proto.encoded(tensors, as: form, of: model, on: door.codings.threads)
        } catch {
            switch error {
            case .inexpressible(let message):
                throw .inexpressible(message, ticket, isKept: await door.calls.keep(ticket.id))
            case .malformed(let message): throw .malformed(message, ticket)
            }
        }
    }
}

extension InferenceProtocol {
    /// The protocol's answer, and the end of a connection from which nothing else can be read.
    func finalReply(to problem: CallProblem) -> HTTPReply {
        var reply = reply(to: problem)
        if case .body(let error) = problem, error.endsConnection { reply.closesConnection = true }
        return reply
    }

    /// Encodes on threads of their own what takes long.
    func encoded(
        _ tensors: [Tensor], as form: Form, of model: ServedModel, on threads: CodingThreads
    ) async throws(OutcomeEncodingError) -> HTTPReply {
        guard tensors.reduce(0, { $0 + $1.bytes.readableBytes }) > 256 << 10 else {
            return try encode(tensors, as: form, of: model)
        }
        let result = await threads.run {
            Result { () throws(OutcomeEncodingError) in try encode(tensors, as: form, of: model) }
        }
        return try result.get()
    }
}
