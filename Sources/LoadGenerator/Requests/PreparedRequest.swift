import JSON
import NIOCore
import Tensors
import Traffic

/// A recorded request as the bytes that go on the wire, built once and sent many times.
package struct PreparedRequest: Sendable {
    package enum Encoding: String, Sendable, CaseIterable {
        /// A JSON header and raw tensors (the binary tensor extension), answers too.
        case binary
        case json
    }

    let model: String
    /// `models/NAME`, with `/versions/VERSION` where the recording names one.
    let modelPath: String
    let expected: [ExpectedOutput]
    /// The whole synchronous request.
    private let synchronous: ByteBuffer
    /// The asynchronous request up to the value of its Idempotency-Key.
    private let asynchronousHead: ByteBuffer
    private let body: ByteBuffer

    /// - Parameters:
    ///   - model: Serves the request if the recording names no model.
    ///   - deadline: Sent as `deadline_ms`; `nil`: none.
    /// - Throws: `LoadError` when no model is named, or when an input has no JSON form and `encoding` asks for it.
    package init(
        _ recorded: RecordedRequest, model: String?, deadline: Duration?, encoding: Encoding, target: LoadTarget
    ) throws(LoadError) {
        guard let name = recorded.model ?? model else {
            throw LoadError("neither the recorded request nor the profile names a model")
        }
        guard Self.isPathSafe(name), recorded.version.map(Self.isPathSafe) ?? true else {
            throw LoadError("a model's name and version may hold letters, digits, '.', '_' and '-', got: \(name)")
        }
        self.model = name
        expected = recorded.expected
        var text = ""
        try Self.document(recorded, deadline: deadline, encoding: encoding).write(to: &text)
        var body = ByteBuffer(string: text)
        let headerLength = body.readableBytes
        if encoding == .binary {
            for input in recorded.inputs { body.writeBytes(input.bytes) }
        }
        self.body = body
        modelPath = "models/\(name)" + (recorded.version.map { "/versions/\($0)" } ?? "")
        var head = "POST \(target.basePath)/v2/\(modelPath)/infer HTTP/1.1\r\nHost: \(target.authority)\r\n"
        switch encoding {
        case .binary:
            head += "Content-Type: application/octet-stream\r\nInference-Header-Content-Length: \(headerLength)\r\n"
        case .json: head += "Content-Type: application/json\r\n"
        }
        head += "Content-Length: \(body.readableBytes)\r\n"
        var whole = ByteBuffer(string: head + "\r\n")
        whole.writeImmutableBuffer(body)
        synchronous = whole
        asynchronousHead = ByteBuffer(string: head + "Prefer: respond-async\r\nIdempotency-Key: ")
    }

    var check: AnswerCheck { expected.isEmpty ? .notCompared : .compared }

    func parts(key: String?) -> [ByteBuffer] {
        guard let key else { return [synchronous] }
        return [asynchronousHead, ByteBuffer(string: key + "\r\n\r\n"), body]
    }

    private static func isPathSafe(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    private static func document(
        _ recorded: RecordedRequest, deadline: Duration?, encoding: Encoding
    ) throws(LoadError) -> JSONValue {
        var inputs: [JSONValue] = []
        for input in recorded.inputs {
            var members = [
                JSONValue.Member("name", .string(input.name)),
                .init("shape", .array(input.shape.map { .integer(Int64($0)) })),
                .init("datatype", .string(input.elementType.name)),
            ]
            switch encoding {
            case .binary:
                members.append(
                    .init("parameters", .object([.init("binary_data_size", .integer(Int64(input.bytes.count)))])))
            case .json:
                guard let value = input.json else {
                    throw LoadError("input \(input.name) was recorded as bytes; it can only be sent as a binary tensor")
                }
                members.append(.init("data", value))
            }
            inputs.append(.object(members))
        }
        var parameters: [JSONValue.Member] = []
        if encoding == .binary { parameters.append(.init("binary_data_output", .bool(true))) }
        if let deadline {
            let (seconds, attoseconds) = deadline.components
            parameters.append(.init("deadline_ms", .integer(seconds * 1_000 + attoseconds / 1_000_000_000_000_000)))
        }
        var members = [JSONValue.Member("inputs", .array(inputs))]
        if !parameters.isEmpty { members.insert(.init("parameters", .object(parameters)), at: 0) }
        return .object(members)
    }
}
