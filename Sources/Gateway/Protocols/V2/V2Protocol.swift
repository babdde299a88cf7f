import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors

extension HTTPField.Name {
    static let inferenceHeaderContentLength = named("Inference-Header-Content-Length")
}

/// Open Inference Protocol V2 over REST.
struct V2Protocol: InferenceProtocol {
    let name = "v2_http"
    /// Also the version of the echo's format.
    let code: UInt8 = 1

    func respond(to request: Request, from caller: Caller, at door: FrontDoor) async -> HTTPReply? {
        guard let path = V2Path(request.uri.path) else { return nil }
        if case .model(let name, let version, .infer) = path, request.method == .post {
            return await door.infer(name, version: version, request, from: caller, through: self)
        }
        guard path.methods.contains(request.method) else { return .methodNotAllowed(path.methods) }
        return await V2Descriptions(door: door).reply(to: path, request)
    }

    // MARK: Inference

    func decode(
        _ body: ByteBuffer, _ headers: HTTPFields, for model: ServedModel
    ) throws -> DecodedRequest<V2Echo> {
        let headerLength = try Self.headerLength(headers, of: body)
        let request = try V2RequestDecoder.decode(
            body: body, headerLength: headerLength, signature: model.signature, model: model.settings.name,
            form: TensorForm(accept: headers))
        let binary = headerLength.map { body.readableBytes - $0 } ?? 0
        let tensors = request.inputs.reduce(0) { $0 + $1.bytes.readableBytes }
        return DecodedRequest(
            inputs: request.inputs, outputs: request.outputs.map(\.name),
            priority: Self.priorityClass(request.priority), timeout: request.timeout, deadline: request.deadline,
            form: V2Echo(request), ownBytes: max(tensors - binary, 0))
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

    func echo(of form: V2Echo) -> ByteBuffer {
        var bytes = ByteBuffer()
        form.encode(into: &bytes)
        return bytes
    }

    func form(in echo: ByteBuffer, wanted: TensorForm) throws -> V2Echo {
        (echo.readableBytes == 0 ? .silent : try V2Echo.decode(echo)).with(wanted)
    }

    func encode(
        _ tensors: [Tensor], as form: V2Echo, of model: ServedModel
    ) throws(OutcomeEncodingError) -> HTTPReply {
        let encoded = try V2ResponseEncoder.encode(
            model: model.queue.model, version: model.queue.version, tensors: tensors, form: form, labels: model.labels)
        var reply = HTTPReply(status: .ok, body: encoded.body)
        if let length = encoded.headerLength {
            reply.headers[.contentType] = "application/octet-stream"
            reply.headers[.inferenceHeaderContentLength] = String(length)
        } else {
            reply.headers[.contentType] = "application/json"
        }
        return reply
    }

    func reply(to problem: CallProblem) -> HTTPReply { .v2(problem) }
}
