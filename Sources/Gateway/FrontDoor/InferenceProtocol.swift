import HTTPTypes
import HummingbirdCore
import Jobs
import NIOCore
import Tensors

/// A protocol that callers speak: it decodes requests, encodes outcomes and names errors. All else is the front door's.
///
/// To add one: a folder beside `Protocols/V2`, a line in `InferenceProtocols.swift`.
protocol InferenceProtocol: Sendable {
    /// What an outcome's encoding needs from the request: the form of the outputs, the request's id.
    associatedtype Form: Sendable, Equatable

    /// In the labels of metrics.
    var name: String { get }

    /// The first byte of its echoes; one protocol's alone, and the same for ever.
    var code: UInt8 { get }

    /// Answers a request to one of the protocol's paths, inference through the door; `nil`: it has no such path.
    func respond(to request: Request, from caller: Caller, at door: FrontDoor) async -> HTTPReply?

    /// Decodes the body of an inference request. Never traps; may take long where the body is large.
    func decode(
        _ body: ByteBuffer, _ headers: HTTPFields, for model: ServedModel
    ) throws -> DecodedRequest<Form>

    /// The form as bytes that are kept with a job until its outcome is encoded, `code` first.
    func echo(of form: Form) -> ByteBuffer

    /// The form that was kept, or the one that is wanted instead. Of no bytes it is the protocol's usual one.
    func form(in echo: ByteBuffer, wanted: TensorForm) throws -> Form

    func encode(
        _ tensors: [Tensor], as form: Form, of model: ServedModel
    ) throws(OutcomeEncodingError) -> HTTPReply

    /// The table of the protocol's errors.
    func reply(to problem: CallProblem) -> HTTPReply
}

/// An inference request, checked against the model's signature.
struct DecodedRequest<Form: Sendable>: Sendable {
    var inputs: [Tensor]
    /// The outputs that are wanted, in this order; empty means all.
    var outputs: [String] = []
    var priority = PriorityClass.normal
    /// How long a synchronous caller waits; `nil`: the gateway's setting.
    var timeout: Duration?
    /// From now until the outcome is worth nothing.
    var deadline: Duration?
    var form: Form
    /// Bytes of tensors that are no slices of the body.
    var ownBytes = 0
}

/// An outcome that cannot be written in the form that was asked for.
enum OutcomeEncodingError: Error, Sendable, Equatable {
    /// In binary it can.
    case inexpressible(String)
    /// It contradicts itself.
    case malformed(String)
}
