import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors
import Time

extension HTTPField.Name {
    static let inferenceHeaderContentLength = named("Inference-Header-Content-Length")
    static let idempotencyKey = named("Idempotency-Key")
    static let retry = named("Spate-Retry")
    static let prefer = named("Prefer")
    static let preferenceApplied = named("Preference-Applied")
    static let jobID = named("Spate-Job-Id")
    static let jobStatus = named("Spate-Job-Status")

    private static func named(_ name: StaticString) -> Self {
        guard let name = Self(name.description) else { preconditionFailure("\(name) is no header name") }
        return name
    }
}

extension V2Routes {
    /// `POST …/infer`, synchronous or, with `Prefer: respond-async`, as a job.
    func infer(model name: String, version: String?, request: Request, watch: ConnectionWatch) async -> HTTPReply {
        let model: ServedModel
        switch find(name, version: version) {
        case .failure(let reply): return reply
        case .success(let found): model = found
        }
        if let problem = model.problem { return .cannotServe(name, reason: problem, retryAfter: .seconds(2)) }
        let start = ContinuousClock.now
        let share = bodies.makeShare()
        defer { share.release() }
        do {
            let body = try await RequestBodyReader(limit: settings.maximumBody, share: share, codings: codings)
                .read(request)
            calls.meters.noteBody(body.readableBytes)
            let (call, form) = try await decoded(body, headers: request.headers, model: model, share: share)
            let preferences = Preferences(request.headers)
            if preferences.isAsynchronous {
                return try await accept(call, preferences, form: TensorForm(accept: request.headers), watch: watch)
            }
            let result = try await calls.answer(call, watch: watch, submitted: share.release)
            let reply = await answer(result, form: form, model: model)
            if case .settled(let outcome, _) = result {
                calls.statistics.record(outcome, endToEnd: ContinuousClock.now - start)
            }
            return reply
        } catch {
            if let refusal = error as? Refusal { calls.meters.note(refusal) }
            return .failure(error)
        }
    }

    /// Larger bodies are decoded, larger answers encoded on threads of their own: a second of JSON would hold up everybody's small
    /// calls. Numbers take about four times their bytes as text.
    private static let largestInline = 1 << 20
    private static let largestAnswerInline = 256 << 10

    private func decoded(
        _ body: ByteBuffer, headers: HTTPFields, model: ServedModel, share: BodyBudget.Share
    ) async throws -> (InferenceCall, V2Echo) {
        guard body.readableBytes > Self.largestInline else {
            return try decode(body, headers: headers, model: model, share: share)
        }
        return try await codings.threads.run {
            Result { try decode(body, headers: headers, model: model, share: share) }
        }.get()
    }

    private func decode(
        _ body: ByteBuffer, headers: HTTPFields, model: ServedModel, share: BodyBudget.Share
    ) throws -> (InferenceCall, V2Echo) {
        let headerLength = try Self.headerLength(headers, of: body)
        let request = try V2RequestDecoder.decode(
            body: body, headerLength: headerLength, signature: model.signature, model: model.settings.name,
            form: TensorForm(accept: headers))
        // Tensors out of JSON have memory of their own, which can be four times that of their text.
        let binary = headerLength.map { body.readableBytes - $0 } ?? 0
        let tensors = request.inputs.reduce(0) { $0 + $1.bytes.readableBytes }
        try share.add(max(tensors - binary, 0))
        let echo = V2Echo(request)
        var bytes = ByteBuffer()
        echo.encode(into: &bytes)
        let tenant = try tenant(headers)
        let call = InferenceCall(
            model: model, inputs: request.inputs, requestedOutputs: request.outputs.map(\.name),
            priority: Self.priorityClass(request.priority), tenant: tenant, timeout: request.timeout,
            deadline: request.deadline, once: try idempotencyKey(headers, of: tenant, request, model), echo: bytes)
        return (call, echo)
    }

    private static func headerLength(_ headers: HTTPFields, of body: ByteBuffer) throws(V2Error) -> Int? {
        guard let field = headers[.inferenceHeaderContentLength] else { return nil }
        guard let length = Int(field), length >= 0 else {
            throw .bad(
                "Inference-Header-Content-Length must be a whole number from 0 to \(body.readableBytes), got: \(field)")
        }
        return length
    }

    /// V2 counts priorities from 1, the highest; 0 is the model's default.
    private static func priorityClass(_ priority: UInt64) -> PriorityClass {
        switch priority {
        case 0, 2: .normal
        case 1: .high
        default: .low
        }
    }

    private func tenant(_ headers: HTTPFields) throws(V2Error) -> String? {
        guard let tenantHeader, let tenant = headers[tenantHeader] else { return nil }
        guard Tenant.isValid(tenant) else {
            throw V2Error(status: 400, message: "\(settings.tenantHeader) must be \(Tenant.allowed)")
        }
        return tenant
    }

    /// A key is known for so long beyond the life of an outcome, since its job may wait before it runs.
    private static let longestBacklog = Duration.seconds(3_600)

    private func idempotencyKey(
        _ headers: HTTPFields, of tenant: String?, _ request: V2Request, _ model: ServedModel
    ) throws(V2Error) -> IdempotencyKey? {
        let repetition: IdempotencyKey.Repetition
        switch headers[.retry]?.lowercased() {
        case nil, "false": repetition = .join
        case "true": repetition = .rerun
        case .some(let other): throw .bad("Spate-Retry must be true or false, got: \(other)")
        }
        guard let key = headers[.idempotencyKey] else {
            guard repetition == .join else { throw .bad("Spate-Retry: true needs an Idempotency-Key") }
            return nil
        }
        guard (1...256).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .bad("Idempotency-Key must be 1 to 256 visible ASCII characters")
        }
        // A space stands in no key and in no tenant's name: one tenant's keys are never another's.
        return IdempotencyKey(
            key: tenant.map { "\($0) \(key)" } ?? key,
            fingerprint: RequestFingerprint.of(inputs: request.inputs, outputs: request.outputs.map(\.name)),
            retention: settings.retention + Self.longestBacklog, repetition: repetition,
            maximumQueue: model.settings.maximumQueue)
    }

    /// 202 with the job's state; with `Prefer: wait=N` the outcome instead, if it comes in that time.
    private func accept(
        _ call: InferenceCall, _ preferences: Preferences, form: TensorForm, watch: ConnectionWatch
    ) async throws -> HTTPReply {
        let model = call.model
        let accepted = try await calls.accept(call)
        let ticket = accepted.ticket
        var applied = "respond-async"
        if let wait = preferences.wait {
            applied += ", wait=\(wait.components.seconds)"
            do {
                let state = try await calls.state(
                    of: ticket.id, waitingUpTo: min(wait, settings.maximumWait), watch: watch)
                let reply = try await describe(state, ticket: ticket, model: model, form: form)
                return reply.adding([.location: ticket.path, .preferenceApplied: applied])
            } catch {
                // The job is accepted, and this is the only time that its caller can be told its name.
                if let refusal = error as? Refusal { calls.meters.note(refusal) }
            }
        }
        return try status(of: accepted.state, ticket, as: .accepted, expectedWait: accepted.expectedWait).adding([
            .location: ticket.path, .preferenceApplied: applied,
        ])
    }

    private func answer(_ result: CallResult, form: V2Echo, model: ServedModel) async -> HTTPReply {
        switch result {
        case .settled(let outcome, let ticket), .stored(let outcome, let ticket):
            return await finished(outcome, ticket, form: form, model: model)
        case .timedOut(let ticket):
            return .error(
                .gatewayTimeout,
                "Request timeout expired; the job goes on and its outcome is kept: GET \(ticket.path)"
                    + (calls.fault(of: model).map { "; at present nobody can run it: \($0.reason)" } ?? ""),
                headers: [.jobID: ticket.description, .location: ticket.path])
        case .late(let ticket):
            return .error(
                .gatewayTimeout, "Request timeout expired: job \(ticket) was not done by its deadline",
                headers: [.jobID: ticket.description])
        case .disconnected:
            return .error(.init(code: 499, reasonPhrase: "Client Closed Request"), "the client went away")
        }
    }

    /// The answer to a synchronous caller.
    private func finished(
        _ outcome: Outcome, _ ticket: JobTicket, form: V2Echo, model: ServedModel
    ) async -> HTTPReply {
        switch outcome.ending {
        case .finished(let tensors):
            do {
                return try await response(tensors, form: form, model: model)
            } catch {
                return .inexpressible(error, status: .badRequest, ticket, isKept: await calls.keep(ticket.id))
            }
        case .failed(let failure):
            return .error(
                failure.code == .invalidInput ? .badRequest : .internalServerError, failure.message,
                headers: [.jobID: ticket.description])
        case .expired:
            return .error(
                .gatewayTimeout, "Request timeout expired: job \(ticket) could not run before its deadline",
                headers: [.jobID: ticket.description])
        case .cancelled(let reason):
            return .error(.conflict, "job \(ticket) was cancelled: \(reason)", headers: [.jobID: ticket.description])
        }
    }

    /// The V2 response in the form that was asked for.
    func response(
        _ tensors: [Tensor], form: V2Echo, model: ServedModel
    ) async throws(V2EncodingError) -> HTTPReply {
        let encoded: V2ResponseEncoder.Encoded
        if tensors.reduce(0, { $0 + $1.bytes.readableBytes }) > Self.largestAnswerInline {
            encoded = try await codings.threads.run { Self.encode(tensors, form, model) }.get()
        } else {
            encoded = try Self.encode(tensors, form, model).get()
        }
        var reply = HTTPReply(status: .ok, body: encoded.body)
        if let length = encoded.headerLength {
            reply.headers[.contentType] = "application/octet-stream"
            reply.headers[.inferenceHeaderContentLength] = String(length)
        } else {
            reply.headers[.contentType] = "application/json"
        }
        return reply
    }

    private static func encode(
        _ tensors: [Tensor], _ form: V2Echo, _ model: ServedModel
    ) -> Result<V2ResponseEncoder.Encoded, V2EncodingError> {
        Result { () throws(V2EncodingError) in
            try V2ResponseEncoder.encode(
                model: model.queue.model, version: model.queue.version, tensors: tensors, form: form,
                labels: model.labels)
        }
    }
}
