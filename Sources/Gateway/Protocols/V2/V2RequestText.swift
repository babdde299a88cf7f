import Jobs
import JSON
import NIOCore
import Settings
import Tensors

/// The JSON part of an infer request, in the order in which it comes.
///
/// A known member that is given twice is an error: which one counts would be a guess. `null` is the same as an absent
/// optional member, as clients with optional fields write it. Unknown members are checked as JSON and ignored, unless they
/// look like a slip; unknown parameters are an error.
struct V2RequestText {
    /// The id comes back in answers and texts and lies in the job's echo.
    static let maximumIDBytes = 4_096

    /// Parameters that Triton and its clients define and that change nothing here: models have no state, and nothing is
    /// forwarded.
    private static let withoutEffect: Set<String> = [
        "sequence_id", "sequence_start", "sequence_end", "headers", "content_type",
    ]

    let model: String
    let signature: ModelSignature
    var request = V2Request()
    /// `binary_data_output`, if it was given.
    private(set) var isBinaryByDefault: Bool?
    private(set) var inputs: [Input] = []

    init(model: String, signature: ModelSignature) {
        self.model = model
        self.signature = signature
    }

    /// One input: its bytes if they are known already, else where they are.
    struct Input {
        enum Content {
            case decoded(ByteBuffer)
            case binary(size: Int)
        }
        var name: String
        var elementType: ElementType
        var shape: Shape
        var content: Content

        func tensor(_ binary: inout V2BinarySection) throws(V2Error) -> Tensor {
            let bytes: ByteBuffer
            switch content {
            case .decoded(let buffer): bytes = buffer
            case .binary(let size): bytes = try binary.take(size, for: name)
            }
            return Tensor(name: name, elementType: elementType, shape: shape, bytes: bytes)
        }
    }

    mutating func parse(_ bytes: UnsafeRawBufferPointer) throws(V2Error) {
        var scanner = JSONScanner(bytes, 0..<bytes.count)
        var members = V2Members()
        try scanner.object("the request") { key, scanner throws(V2Error) in
            switch key {
            case "id":
                try members.add(.id, of: "the request")
                request.id = try Self.identifier(&scanner)
            case "parameters":
                try members.add(.parameters, of: "the request")
                try parseParameters(&scanner)
            case "inputs":
                try members.add(.inputs, of: "the request")
                guard scanner.peek() == UInt8(ascii: "[") else {
                    throw .bad("Unable to parse 'inputs': it must be an array of tensors")
                }
                try scanner.array("'inputs'") { scanner throws(V2Error) in
                    let input = try input(&scanner)
                    inputs.append(input)
                }
            case "outputs":
                try members.add(.outputs, of: "the request")
                if scanner.take(literal: "null") { return }
                guard scanner.peek() == UInt8(ascii: "[") else {
                    throw .bad("Unable to parse 'outputs': it must be an array of objects with a 'name'")
                }
                try scanner.array("'outputs'") { scanner throws(V2Error) in
                    request.outputs.append(try Self.output(&scanner))
                }
            default: try Self.skip(key, of: "the request", known: ["id", "parameters", "inputs", "outputs"], &scanner)
            }
        }
        guard members.contains(.inputs) else {
            throw .bad("Unable to parse 'inputs': the request for model '\(model)' has none")
        }
        if scanner.peek() != nil { throw scanner.unexpected("nothing after the request") }
    }

    /// A string; a whole number counts as its digits, `null` as none.
    private static func identifier(_ scanner: inout JSONScanner) throws(V2Error) -> String? {
        if scanner.take(literal: "null") { return nil }
        let id: String
        if scanner.peek() == UInt8(ascii: "\"") {
            id = try scanner.string("'id'")
        } else {
            guard let number = JSONNumber.scan(scanner.bytes, at: scanner.position, end: scanner.end), number.isInteger
            else { throw scanner.unexpected("a string as 'id'") }
            scanner.move(to: number.range.upperBound)
            id = String(decoding: scanner.bytes[number.range], as: UTF8.self)
        }
        guard id.utf8.count <= maximumIDBytes else {
            throw .bad("'id' has \(id.utf8.count) bytes; allowed are \(maximumIDBytes)")
        }
        return id
    }

    private mutating func parseParameters(_ scanner: inout JSONScanner) throws(V2Error) {
        if scanner.take(literal: "null") { return }
        var members = V2Members()
        try scanner.object("'parameters'") { key, scanner throws(V2Error) in
            switch key {
            case "priority":
                try members.add(.priority, of: "'parameters'")
                request.priority = try Self.priority(&scanner)
            case "timeout":
                try members.add(.timeout, of: "'parameters'")
                let microseconds = try scanner.whole("timeout", 0...86_400_000_000)
                request.timeout = microseconds == 0 ? nil : .microseconds(Int64(microseconds))
            case "deadline_ms":
                try members.add(.deadline_ms, of: "'parameters'")
                request.deadline = .milliseconds(Int64(try scanner.whole("deadline_ms", 1...86_400_000)))
            case "binary_data_output":
                try members.add(.binary_data_output, of: "'parameters'")
                isBinaryByDefault = try scanner.boolean("binary_data_output")
            default:
                guard !key.text.hasPrefix("triton_") else {
                    throw .bad("parameter '\(key.text)': names that begin with 'triton_' are reserved")
                }
                guard Self.withoutEffect.contains(key.text) else {
                    throw .unknownParameter(
                        key.text, of: "the request",
                        known: ["priority", "timeout", "deadline_ms", "binary_data_output"])
                }
                try scanner.skipValue()
            }
        }
    }

    /// A number as the extension defines it, or the name of a class.
    private static func priority(_ scanner: inout JSONScanner) throws(V2Error) -> UInt64 {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            return try scanner.whole(
                "priority", 0...UInt64(Int64.max), or: " or \"high\" (1), \"normal\" (2), \"low\" (3)")
        }
        let name = try scanner.string("parameter 'priority'")
        guard let priority = PriorityClass(name: name) else {
            throw .bad(
                "parameter 'priority' must be a whole number (0 the default, 1 high, 2 normal, 3 and above low) or \"high\", \"normal\", \"low\", got \"\(name.prefix(40))\""
            )
        }
        return UInt64(priority.rawValue) + 1
    }

    /// Skips a member that is none of the protocol's; a slip of the pen is an error.
    static func skip(
        _ key: JSONKey, of owner: String, known: [String], _ scanner: inout JSONScanner
    ) throws(V2Error) {
        let name = key.text
        if let meant = Suggestion.nearest(to: name, among: known) {
            throw .bad("'\(name)' of \(owner) is not known; did you mean '\(meant)'?")
        }
        try scanner.skipValue()
    }
}
