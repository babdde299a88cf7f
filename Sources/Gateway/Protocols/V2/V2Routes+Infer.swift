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
        let share = bodies.makeShare()
        defer { share.release() }
        do {
            let body = try await RequestBodyReader(limit: settings.maximumBody, share: share, codings: codings)
                .read(request)
            calls.meters.noteBody(body.readableBytes)
            let (call, form) = try await decoded(body, headers: request.headers, model: model, share: share)
            if request.headers.prefersAsynchronousResponse { return await accept(call) }
            let result = try await calls.answer(call, watch: watch, submitted: share.release)
            return answer(result, form: form, model: model)
        } catch {
            if let refusal = error as? Refusal { calls.meters.note(refusal) }
            return .failure(error)
        }
    }

    /// Larger bodies are decoded on threads of their own: a second of JSON would hold up everybody's small calls.
    private static let largestInline = 1 << 20

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
        var headerLength: Int?
        if let field = headers[.inferenceHeaderContentLength] {
            guard let length = Int(field), length >= 0 else {
                throw V2Error(
                    status: 400,
                    message:
                        "Inference-Header-Content-Length must be a whole number from 0 to \(body.readableBytes), got: \(field)"
                )
            }
            headerLength = length
        }
        let request = try V2RequestDecoder.decode(
            body: body, headerLength: headerLength, signature: model.signature, model: model.settings.name)
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
            deadline: request.deadline,
            once: try idempotencyKey(headers, of: tenant, body: body, headerLength: headerLength), echo: bytes)
        return (call, echo)
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
        _ headers: HTTPFields, of tenant: String?, body: ByteBuffer, headerLength: Int?
    ) throws(V2Error) -> IdempotencyKey? {
        guard let key = headers[.idempotencyKey] else { return nil }
        guard (1...256).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw V2Error(status: 400, message: "Idempotency-Key must be 1 to 256 visible ASCII characters")
        }
        // A space stands in no key and in no tenant's name: one tenant's keys are never another's.
        return IdempotencyKey(
            key: tenant.map { "\($0) \(key)" } ?? key,
            fingerprint: RequestFingerprint.of(body, headerLength: headerLength),
            retention: settings.retention + Self.longestBacklog)
    }

    private func accept(_ call: InferenceCall) async -> HTTPReply {
        do {
            let ticket = try await calls.accept(call)
            let queue = ticket.id.queue
            let status = JobStatusBody(
                id: ticket.description, model_name: queue.model, model_version: queue.version, status: "waiting",
                expected_wait_ms: calls.admission.expectedWait(in: queue)?.wholeMilliseconds)
            return try .json(.accepted, encoding: status).adding([
                .location: ticket.path, .preferenceApplied: "respond-async", .jobID: ticket.description,
                .jobStatus: "waiting",
            ])
        } catch {
            if let refusal = error as? Refusal { calls.meters.note(refusal) }
            return .failure(error)
        }
    }

    private func answer(_ result: CallResult, form: V2Echo, model: ServedModel) -> HTTPReply {
        switch result {
        case .settled(let outcome, let ticket): return finished(outcome, ticket, form: form, model: model)
        case .timedOut(let ticket):
            return .error(
                .gatewayTimeout,
                "Request timeout expired; the job goes on and its outcome is kept: GET \(ticket.path)",
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
    ) -> HTTPReply {
        switch outcome.ending {
        case .finished(let tensors): return response(tensors, form: form, model: model)
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
    func response(_ tensors: [Tensor], form: V2Echo, model: ServedModel) -> HTTPReply {
        do {
            let encoded = try V2ResponseEncoder.encode(
                model: model.queue.model, version: model.queue.version, tensors: tensors, form: form,
                labels: model.labels)
            var reply = HTTPReply(status: .ok, body: encoded.body)
            if let length = encoded.headerLength {
                reply.headers[.contentType] = "application/octet-stream"
                reply.headers[.inferenceHeaderContentLength] = String(length)
            } else {
                reply.headers[.contentType] = "application/json"
            }
            return reply
        } catch {
            return .v2(error)
        }
    }
}

extension HTTPFields {
    /// RFC 7240: preferences are comma-separated tokens, in any number of fields.
    var prefersAsynchronousResponse: Bool {
        self[values: .prefer].contains { field in
            field.split(separator: ",").contains { preference in
                let token = preference.split(separator: ";").first ?? ""
                return token.trimmingSpaces().lowercased() == "respond-async"
            }
        }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> Substring {
        drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed().reduce(into: "") {
            $0.append($1)
        }
    }
}
