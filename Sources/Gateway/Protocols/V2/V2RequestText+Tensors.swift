import JSON
import NIOCore
import Tensors

extension V2RequestText {
    func input(_ scanner: inout JSONScanner) throws(V2Error) -> Input {
        var members = V2Members()
        var name: String?
        var elementType: ElementType?
        var shape: Shape?
        var size: Int?
        var later: Range<Int>?
        var decoded: ByteBuffer?
        try scanner.object("an input") { key, scanner throws(V2Error) in
            switch key {
            case "name":
                try members.add(.name, of: "an input")
                name = try scanner.string("an input's 'name'")
            case "datatype":
                try members.add(.datatype, of: Self.quoted(name))
                elementType = try Self.datatype(&scanner, input: name)
            case "shape":
                try members.add(.shape, of: Self.quoted(name))
                shape = try Self.shape(&scanner, input: name)
            case "parameters":
                try members.add(.parameters, of: Self.quoted(name))
                size = try Self.binarySize(&scanner, input: name)
            case "data":
                try members.add(.data, of: Self.quoted(name))
                if scanner.take(literal: "null") { return }
                if let name, let elementType, let shape {
                    decoded = try decode(&scanner, name, elementType, shape)
                } else {
                    // The type comes later: remember where the data is.
                    later = try scanner.skipUnread()
                }
            default:
                try Self.skip(
                    key, of: "an input", known: ["name", "datatype", "shape", "parameters", "data"], &scanner)
            }
        }
        guard let name else { throw .bad("Unable to parse 'name': an input of the request has none") }
        guard let elementType else { throw .bad("Unable to parse 'datatype': input '\(name)' has none") }
        guard let shape else { throw .bad("Unable to parse 'shape': input '\(name)' has none") }
        if let later {
            var inner = JSONScanner(scanner.bytes, later)
            decoded = try decode(&inner, name, elementType, shape)
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

    static func output(_ scanner: inout JSONScanner) throws(V2Error) -> V2Request.Output {
        var members = V2Members()
        var name: String?
        var output = V2Request.Output(name: "")
        try scanner.object("an output") { key, scanner throws(V2Error) in
            switch key {
            case "name":
                try members.add(.name, of: "an output")
                name = try scanner.string("an output's 'name'")
            case "parameters":
                try members.add(.parameters, of: "an output")
                if scanner.take(literal: "null") { return }
                try scanner.object("an output's parameters") { key, scanner throws(V2Error) in
                    switch key {
                    case "binary_data":
                        try members.add(.binary_data, of: "an output's parameters")
                        output.isBinary = try scanner.boolean("binary_data")
                    case "classification":
                        try members.add(.classification, of: "an output's parameters")
                        output.classes = Int(try scanner.whole("classification", 0...1_000_000))
                    default: try ignore(key, of: "an output", known: ["binary_data", "classification"], &scanner)
                    }
                }
            default: try skip(key, of: "an output", known: ["name", "parameters"], &scanner)
            }
        }
        guard let name else { throw .bad("Unable to parse 'name': a requested output has none") }
        output.name = name
        return output
    }

    private static func quoted(_ name: String?) -> String { name.map { "input '\($0)'" } ?? "an input" }

    /// Skips a parameter that changes nothing (`content_type` tells codecs of other servers what a tensor stands for). One that
    /// would change where the bytes are must not be ignored, and neither must one that nobody knows.
    private static func ignore(
        _ key: JSONKey, of owner: String, known: [String], _ scanner: inout JSONScanner
    ) throws(V2Error) {
        let name = key.text
        guard !name.hasPrefix("shared_memory_") else {
            throw V2Error(
                status: 501,
                message: "shared memory is not supported; send tensors as binary data (binary_data_size) or as JSON")
        }
        guard name == "content_type" || name == "headers" else {
            throw .unknownParameter(name, of: owner, known: known)
        }
        try scanner.skipValue()
    }

    private static func binarySize(_ scanner: inout JSONScanner, input: String?) throws(V2Error) -> Int? {
        if scanner.take(literal: "null") { return nil }
        var members = V2Members()
        var size: Int?
        try scanner.object("an input's parameters") { key, scanner throws(V2Error) in
            switch key {
            case "binary_data_size":
                try members.add(.binary_data_size, of: quoted(input))
                size = Int(clamping: try scanner.whole("binary_data_size", 0...UInt64(Int64.max)))
            default: try ignore(key, of: quoted(input), known: ["binary_data_size"], &scanner)
            }
        }
        return size
    }

    private static func datatype(_ scanner: inout JSONScanner, input: String?) throws(V2Error) -> ElementType {
        guard scanner.peek() == UInt8(ascii: "\"") else {
            throw .bad("Unable to parse 'datatype' of \(quoted(input)): it must be a string")
        }
        let text = try scanner.string("an input's 'datatype'")
        guard let type = ElementType(name: text) else {
            let allowed = ElementType.allCases.map(\.name).joined(separator: ", ")
            throw .bad("invalid datatype '\(text.prefix(40))' of \(quoted(input)); allowed: \(allowed)")
        }
        return type
    }

    private func decode(
        _ scanner: inout JSONScanner, _ name: String, _ elementType: ElementType, _ shape: Shape
    ) throws(V2Error) -> ByteBuffer {
        // What the input is comes before how many numbers it has: the count is wrong whenever the shape is.
        do throws(SignatureViolation) {
            try signature.validate(name: name, elementType: elementType, shape: shape, model: model)
        } catch {
            throw .bad((request.id.map { "[request id: \($0)] " } ?? "") + error.description)
        }
        guard let count = shape.elementCount else {
            throw .bad("the shape \(shape) of input '\(name)' is too large")
        }
        return try V2TensorText(
            name: name, elementType: elementType, shape: shape, count: count, start: scanner.position
        )
        .decode(&scanner)
    }

    private static func shape(_ scanner: inout JSONScanner, input: String?) throws(V2Error) -> Shape {
        guard scanner.peek() == UInt8(ascii: "[") else {
            throw .bad("Unable to parse 'shape' of \(quoted(input)): it must be an array of whole numbers")
        }
        var dimensions: [Int] = []
        dimensions.reserveCapacity(4)
        try scanner.array("'shape'") { scanner throws(V2Error) in
            guard scanner.peek() != nil,
                let number = JSONNumber.scan(scanner.bytes, at: scanner.position, end: scanner.end),
                !number.isNegative, let value = number.magnitude, value <= UInt64(Int64.max)
            else {
                let range = try scanner.skipUnread()
                let text = String(decoding: scanner.bytes[range].prefix(40), as: UTF8.self)
                throw .bad(
                    "Unable to parse 'shape' of \(quoted(input)): a dimension must be a whole number of at least 0, got \(text)"
                )
            }
            scanner.move(to: number.range.upperBound)
            dimensions.append(Int(value))
            guard dimensions.count <= V2Nesting.maximumRank else {
                throw .bad("the shape of \(quoted(input)) has more than \(V2Nesting.maximumRank) dimensions")
            }
        }
        let shape = Shape(dimensions)
        guard shape.elementCount != nil else {
            throw .bad("the shape \(shape) of \(quoted(input)) is too large: more than 2^63 elements")
        }
        return shape
    }
}

extension JSONScanner {
    /// A parameter that is a whole number.
    /// - Parameter alternative: what else is allowed, for the text of the error.
    mutating func whole(
        _ name: StaticString, _ allowed: ClosedRange<UInt64>, or alternative: String = ""
    ) throws(V2Error) -> UInt64 {
        guard peek() != nil else { throw unexpected("parameter '\(name)'") }
        let start = position
        guard let number = JSONNumber.scan(bytes, at: start, end: end), let value = number.magnitude,
            !number.isNegative || value == 0, allowed.contains(value)
        else {
            let range = try skipUnread()
            let text = String(decoding: bytes[range].prefix(40), as: UTF8.self)
            throw .bad(
                "parameter '\(name)' must be a whole number from \(allowed.lowerBound) to \(allowed.upperBound)\(alternative), got \(text) at byte \(start)"
            )
        }
        move(to: number.range.upperBound)
        return value
    }

    mutating func boolean(_ name: StaticString) throws(V2Error) -> Bool {
        if take(literal: "true") { return true }
        if take(literal: "false") { return false }
        throw unexpected("true or false as parameter '\(name)'")
    }
}
