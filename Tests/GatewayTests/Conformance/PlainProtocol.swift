import GatewayCore
import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Settings
import Tensors

@testable import Gateway

/// A protocol that only tests speak, to show what one is made of: `POST /plain/{model}` with a line `name: 1 2 3` for each input.
///
/// Lines `timeout:` and `deadline:` are milliseconds, a line `style: loud` asks for capitals. Errors are one line of text.
struct PlainProtocol: InferenceProtocol {
    struct Form: Sendable, Equatable {
        var isLoud = false
    }

    private struct Slip: Error {
        var text: String
    }

    let name = "plain"
    let code: UInt8 = 200

    func respond(to request: Request, from caller: Caller, at door: FrontDoor) async -> HTTPReply? {
        let parts = request.uri.path.split(separator: "/")
        guard parts.count == 2, parts[0] == "plain" else { return nil }
        guard request.method == .post else { return text(405, "POST only") }
        return await door.infer(String(parts[1]), version: nil, request, from: caller, through: self)
    }

    func decode(_ body: ByteBuffer, _ headers: HTTPFields, for model: ServedModel) throws -> DecodedRequest<Form> {
        var request = DecodedRequest(inputs: [], form: Form())
        for line in String(buffer: body).split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.split(separator: " ") }
            guard parts.count == 2, let key = parts[0].first else { throw Slip(text: "no line: \(line)") }
            let numbers = parts[1].compactMap { Float($0) }
            switch key {
            case "timeout": request.timeout = numbers.first.map { .milliseconds(Int64($0)) }
            case "deadline": request.deadline = numbers.first.map { .milliseconds(Int64($0)) }
            case "style": request.form.isLoud = parts[1].first == "loud"
            default:
                var bytes = ByteBuffer()
                for number in numbers { bytes.writeInteger(number.bitPattern, endianness: .little) }
                request.ownBytes += bytes.readableBytes
                request.inputs.append(
                    Tensor(name: String(key), elementType: .float32, shape: [1, numbers.count], bytes: bytes))
            }
        }
        do {
            try model.signature.validate(request.inputs, model: model.settings.name)
        } catch {
            throw Slip(text: error.description)
        }
        return request
    }

    func echo(of form: Form) -> ByteBuffer { ByteBuffer(bytes: [code, form.isLoud ? 1 : 0]) }

    func form(in echo: ByteBuffer, wanted: TensorForm) throws -> Form {
        guard echo.readableBytes > 0 else { return Form() }
        guard echo.readableBytes == 2, let style = echo.getInteger(at: echo.readerIndex + 1, as: UInt8.self) else {
            throw Slip(text: "not of this protocol")
        }
        return Form(isLoud: style == 1)
    }

    func encode(_ tensors: [Tensor], as form: Form, of model: ServedModel) throws(OutcomeEncodingError) -> HTTPReply {
        guard tensors.allSatisfy({ $0.elementType == .float32 }) else { throw .inexpressible("numbers only") }
        let names = tensors.map { "\($0.name) \($0.shape)" }.joined(separator: "\n")
        return text(200, form.isLoud ? names.uppercased() : names)
    }

    func reply(to problem: CallProblem) -> HTTPReply {
        switch problem {
        case .unknownModel, .unknownVersion: text(404, "error: no such model")
        case .request(let error): text(400, "error: \((error as? Slip)?.text ?? "\(error)")")
        case .option(let message): text(400, "error: \(message)")
        case .body(let error): text(error.status.code, "error: \(error.message)")
        case .refused(.queueFull), .refused(.queue(.full)): text(420, "error: full")
        case .refused(let refusal): text(refusal == .conflict ? 422 : 503, "error: \(refusal.reason)")
        case .gone(let ticket): text(410, "error: over", ticket)
        case .underWay(let ticket): text(409, "error: under way", ticket)
        case .timedOut(let ticket, _): text(504, "error: it goes on", ticket)
        case .late(let ticket), .expired(let ticket): text(504, "error: late", ticket)
        case .disconnected: text(499, "error: nobody is there")
        case .failed(let failure, let ticket):
            text(failure.code == .invalidInput ? 400 : 500, "error: \(failure.message)", ticket)
        case .cancelled(_, let ticket): text(409, "error: cancelled", ticket)
        case .inexpressible(let message, let ticket, _), .malformed(let message, let ticket):
            text(406, "error: \(message)", ticket)
        }
    }

    private func text(_ status: Int, _ body: String, _ ticket: JobTicket? = nil) -> HTTPReply {
        var reply = HTTPReply(status: .init(code: status), body: ByteBuffer(string: body))
        reply.headers[.contentType] = "text/plain"
        if let ticket { reply.headers[.jobID] = ticket.description }
        return reply
    }
}
