import NIOCore
import Tensors

/// The JSON part of an infer request, in the order in which it comes.
struct V2RequestText {
    let model: String
    var request = V2Request()
    private(set) var inputs: [Input] = []

    init(model: String) { self.model = model }

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

        func tensor(body: ByteBuffer, binary: inout BinarySection) throws(V2Error) -> Tensor {
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
        var hasInputs = false
        try scanner.object("the request") { key, scanner throws(V2Error) in
            switch key {
            case "id":
                // Triton's clients send numbers too.
                if scanner.peek() == UInt8(ascii: "\"") {
                    request.id = try scanner.string("'id'")
                } else {
                    let range = try scanner.skipValue()
                    request.id = String(decoding: bytes[range], as: UTF8.self)
                }
            case "parameters": try parseParameters(&scanner)
            case "inputs":
                guard !hasInputs else { throw .bad("'inputs' is given twice") }
                hasInputs = true
                guard scanner.peek() == UInt8(ascii: "[") else {
                    throw .bad("Unable to parse 'inputs': it must be an array of tensors")
                }
                try scanner.array("'inputs'") { scanner throws(V2Error) in
                    inputs.append(try parseInput(&scanner))
                }
            case "outputs":
                guard scanner.peek() == UInt8(ascii: "[") else {
                    throw .bad("Unable to parse 'outputs': it must be an array of objects with a 'name'")
                }
                try scanner.array("'outputs'") { scanner throws(V2Error) in
                    request.outputs.append(try parseOutput(&scanner))
                }
            default: try scanner.skipValue()
            }
        }
        guard hasInputs else { throw .bad("Unable to parse 'inputs': the request for model '\(model)' has none") }
        if scanner.peek() != nil { throw scanner.unexpected("nothing after the request") }
    }

    // MARK: Parameters

    private mutating func parseParameters(_ scanner: inout JSONScanner) throws(V2Error) {
        try scanner.object("'parameters'") { key, scanner throws(V2Error) in
            switch key {
            case "priority": request.priority = try Self.whole(&scanner, key, 0...UInt64(Int64.max))
            case "timeout":
                let microseconds = try Self.whole(&scanner, key, 0...86_400_000_000)
                request.timeout = microseconds == 0 ? nil : .microseconds(Int64(microseconds))
            case "deadline_ms": request.deadline = .milliseconds(Int64(try Self.whole(&scanner, key, 1...86_400_000)))
            case "binary_data_output": request.isBinaryByDefault = try Self.boolean(&scanner, key)
            default: try scanner.skipValue()
            }
        }
    }

    private static func whole(
        _ scanner: inout JSONScanner, _ name: String, _ allowed: ClosedRange<UInt64>
    ) throws(V2Error) -> UInt64 {
        let start = scanner.position
        let range = try scanner.skipValue()
        let text = String(decoding: scanner.bytes[range], as: UTF8.self)
        guard let number = JSONNumber.scan(scanner.bytes, at: range.lowerBound, end: range.upperBound),
            number.range == range, let value = number.magnitude, !number.isNegative || value == 0,
            allowed.contains(value)
        else {
            throw .bad(
                "parameter '\(name)' must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound), got \(text.prefix(40)) at byte \(start)"
            )
        }
        return value
    }

    private static func boolean(_ scanner: inout JSONScanner, _ name: String) throws(V2Error) -> Bool {
        if scanner.take(literal: "true") { return true }
        if scanner.take(literal: "false") { return false }
        throw scanner.unexpected("true or false as parameter '\(name)'")
    }

    // MARK: Inputs and outputs

    private mutating func parseInput(_ scanner: inout JSONScanner) throws(V2Error) -> Input {
        var name: String?
        var elementType: ElementType?
        var shape: Shape?
        var size: Int?
        var data: Range<Int>?
        var decoded: ByteBuffer?
        try scanner.object("an input") { key, scanner throws(V2Error) in
            switch key {
            case "name": name = try scanner.string("an input's 'name'")
            case "datatype":
                let text = try scanner.string("an input's 'datatype'")
                guard let type = ElementType(name: text) else {
                    let allowed = ElementType.allCases.map(\.name).joined(separator: ", ")
                    throw .bad("invalid datatype '\(text)' of input '\(name ?? "?")'; allowed: \(allowed)")
                }
                elementType = type
            case "shape": shape = try Self.shape(&scanner, input: name)
            case "parameters":
                try scanner.object("an input's parameters") { key, scanner throws(V2Error) in
                    guard key == "binary_data_size" else {
                        try scanner.skipValue()
                        return
                    }
                    size = Int(clamping: try Self.whole(&scanner, key, 0...UInt64(Int64.max)))
                }
            case "data":
                if let name, let elementType, let shape {
                    decoded = try Self.decode(&scanner, name, elementType, shape)
                } else {
                    // The type comes later: remember where the data is.
                    data = try scanner.skipValue()
                }
            default: try scanner.skipValue()
            }
        }
        guard let name else { throw .bad("Unable to parse 'name': an input of the request has none") }
        guard let elementType else { throw .bad("Unable to parse 'datatype': input '\(name)' has none") }
        guard let shape else { throw .bad("Unable to parse 'shape': input '\(name)' has none") }
        if decoded == nil, let data {
            var inner = JSONScanner(scanner.bytes, data)
            decoded = try Self.decode(&inner, name, elementType, shape)
        }
        switch (decoded, size) {
        case (let decoded?, nil):
            return Input(name: name, elementType: elementType, shape: shape, content: .decoded(decoded))
        case (nil, let size?):
            return Input(name: name, elementType: elementType, shape: shape, content: .binary(size: size))
        case (nil, nil): throw .bad("input '\(name)' has neither 'data' nor the parameter 'binary_data_size'")
        case (_?, _?): throw .bad("input '\(name)' has both 'data' and the parameter 'binary_data_size'; give one")
        }
    }

    private static func decode(
        _ scanner: inout JSONScanner, _ name: String, _ elementType: ElementType, _ shape: Shape
    ) throws(V2Error) -> ByteBuffer {
        guard let count = shape.elementCount else {
            throw .bad("the shape \(shape) of input '\(name)' is too large")
        }
        return try V2TensorText(name: name, elementType: elementType, shape: shape, count: count).decode(&scanner)
    }

    private static func shape(_ scanner: inout JSONScanner, input: String?) throws(V2Error) -> Shape {
        guard scanner.peek() == UInt8(ascii: "[") else {
            throw .bad("Unable to parse 'shape' of input '\(input ?? "?")': it must be an array of whole numbers")
        }
        var dimensions: [Int] = []
        try scanner.array("'shape'") { scanner throws(V2Error) in
            let range = try scanner.skipValue()
            guard let number = JSONNumber.scan(scanner.bytes, at: range.lowerBound, end: range.upperBound),
                number.range == range, !number.isNegative, let value = number.magnitude, value <= UInt64(Int64.max)
            else {
                let text = String(decoding: scanner.bytes[range].prefix(40), as: UTF8.self)
                throw .bad(
                    "Unable to parse 'shape' of input '\(input ?? "?")': a dimension must be a whole number of at least 0, got \(text)"
                )
            }
            dimensions.append(Int(value))
            guard dimensions.count <= 32 else {
                throw .bad("the shape of input '\(input ?? "?")' has more than 32 dimensions")
            }
        }
        let shape = Shape(dimensions)
        guard shape.elementCount != nil else {
            throw .bad("the shape \(shape) of input '\(input ?? "?")' is too large: more than 2^63 elements")
        }
        return shape
    }

    private func parseOutput(_ scanner: inout JSONScanner) throws(V2Error) -> V2Request.Output {
        var name: String?
        var output = V2Request.Output(name: "")
        try scanner.object("an output") { key, scanner throws(V2Error) in
            switch key {
            case "name": name = try scanner.string("an output's 'name'")
            case "parameters":
                try scanner.object("an output's parameters") { key, scanner throws(V2Error) in
                    switch key {
                    case "binary_data": output.isBinary = try Self.boolean(&scanner, key)
                    case "classification": output.classes = Int(try Self.whole(&scanner, key, 0...1_000_000))
                    default: try scanner.skipValue()
                    }
                }
            default: try scanner.skipValue()
            }
        }
        guard let name else { throw .bad("Unable to parse 'name': a requested output has none") }
        output.name = name
        return output
    }
}
