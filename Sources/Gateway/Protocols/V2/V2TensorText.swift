import NIOCore
import Tensors

/// The `data` member of a JSON tensor: numbers, booleans or strings, flat or nested as the shape, row-major.
struct V2TensorText {
    let name: String
    let elementType: ElementType
    let shape: Shape
    let count: Int

    /// Decodes the value at `scanner` straight into the bytes that the backend reads.
    func decode(_ scanner: inout JSONScanner) throws(V2Error) -> ByteBuffer {
        // Each element takes at least one byte and a separator: a shape that claims more is refused before memory is.
        guard count <= (scanner.end - scanner.position) / 2 + 1 else { throw wrongCount(found: nil) }
        switch elementType {
        case .bool: return try fill(&scanner, UInt8.self, Self.boolean)
        case .uint8: return try numbers(&scanner, UInt8.self)
        case .uint16: return try numbers(&scanner, UInt16.self)
        case .uint32: return try numbers(&scanner, UInt32.self)
        case .uint64: return try numbers(&scanner, UInt64.self)
        case .int8: return try numbers(&scanner, Int8.self)
        case .int16: return try numbers(&scanner, Int16.self)
        case .int32: return try numbers(&scanner, Int32.self)
        case .int64: return try numbers(&scanner, Int64.self)
        case .float32: return try numbers(&scanner, Float.self)
        case .float64: return try numbers(&scanner, Double.self)
        case .bytes: return try strings(&scanner)
        case .float16, .bfloat16:
            throw .bad(
                "input '\(name)' of \(elementType.name) cannot be given in JSON; send it as binary data (binary_data_size) or as FP32"
            )
        }
    }

    private func numbers<T: JSONElement>(_ scanner: inout JSONScanner, _ type: T.Type) throws(V2Error) -> ByteBuffer {
        try fill(&scanner, T.self) { scanner, tensor, index throws(V2Error) in
            guard scanner.peek() != nil,
                let number = JSONNumber.scan(scanner.bytes, at: scanner.position, end: scanner.end),
                let value = T.value(of: number, scanner.bytes)
            else { throw tensor.badElement(&scanner, index, allowed: T.allowed) }
            scanner.move(to: number.range.upperBound)
            return value
        }
    }

    private static func boolean(
        _ scanner: inout JSONScanner, _ tensor: V2TensorText, _ index: Int
    ) throws(V2Error) -> UInt8 {
        if scanner.take(literal: "true") { return 1 }
        if scanner.take(literal: "false") { return 0 }
        throw tensor.badElement(&scanner, index, allowed: "true or false")
    }

    private func strings(_ scanner: inout JSONScanner) throws(V2Error) -> ByteBuffer {
        var bytes = ByteBuffer()
        try walk(&scanner) { scanner, index throws(V2Error) in
            guard scanner.peek() == UInt8(ascii: "\"") else {
                throw badElement(&scanner, index, allowed: "a string")
            }
            let text = try scanner.string("element \(index) of input '\(name)'")
            bytes.writeInteger(UInt32(clamping: text.utf8.count), endianness: .little)
            bytes.writeString(text)
        }
        return bytes
    }

    /// Fills `count` elements of fixed width, in place.
    @inline(__always)
    private func fill<T: BitwiseCopyable>(
        _ scanner: inout JSONScanner, _ type: T.Type,
        _ element: (inout JSONScanner, V2TensorText, Int) throws(V2Error) -> T
    ) throws(V2Error) -> ByteBuffer {
        let width = MemoryLayout<T>.size
        var bytes = ByteBuffer()
        var failure: V2Error?
        _ = bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count * width) { target in
            do throws(V2Error) {
                try walk(&scanner) { scanner, index throws(V2Error) in
                    let value = try element(&scanner, self, index)
                    target.storeBytes(of: value, toByteOffset: index * width, as: T.self)
                }
            } catch {
                failure = error
            }
            return count * width
        }
        if let failure { throw failure }
        return bytes
    }

    /// Calls `element` for each of exactly `count` elements, checking brackets against the shape.
    @inline(__always)
    private func walk(
        _ scanner: inout JSONScanner, _ element: (inout JSONScanner, Int) throws(V2Error) -> Void
    ) throws(V2Error) {
        var index = 0
        var nesting = Nesting(rank: shape.dimensions.count)
        try scanner.expect(UInt8(ascii: "["), "at the start of the data of input '\(name)'")
        nesting.open()
        while nesting.depth > 0 {
            switch scanner.peek() {
            case UInt8(ascii: "[") where nesting.mayOpen:
                _ = scanner.take(UInt8(ascii: "["))
                nesting.open()
                continue
            case UInt8(ascii: "]") where nesting.mayCloseEmpty: break
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                throw .bad(
                    "the data of input '\(name)' is nested deeper than its shape \(shape), at byte \(scanner.position)")
            default:
                guard index < count else { throw wrongCount(found: nil) }
                guard nesting.mayHoldElements else {
                    throw .bad(
                        "the data of input '\(name)' must be flat or nested exactly as its shape \(shape), at byte \(scanner.position)"
                    )
                }
                try element(&scanner, index)
                index += 1
                nesting.addElement()
            }
            while nesting.depth > 0 {
                if scanner.take(UInt8(ascii: ",")) { break }
                try scanner.expect(UInt8(ascii: "]"), "or ',' in the data of input '\(name)'")
                guard nesting.close(matching: shape) else {
                    throw .bad(
                        "the data of input '\(name)' is not nested as its shape \(shape): an array that ends at byte \(scanner.position) has another length"
                    )
                }
            }
        }
        guard index == count else { throw wrongCount(found: index) }
    }

    private func wrongCount(found: Int?) -> V2Error {
        .bad(
            "unexpected number of elements for input '\(name)': shape \(shape) needs \(count), got \(found.map(String.init) ?? "another number")"
        )
    }

    /// Names the element, what was found and what is allowed. Integers are never cut to fit.
    private func badElement(_ scanner: inout JSONScanner, _ index: Int, allowed: String) -> V2Error {
        guard scanner.peek() != nil else { return scanner.unexpected("element \(index) of input '\(name)'") }
        let start = scanner.position
        var end = start
        while end < scanner.end, end - start < 40, !JSONScanner.endsScalar(scanner.bytes[end]) { end += 1 }
        let found = String(decoding: scanner.bytes[start..<max(end, start)], as: UTF8.self)
        return .bad(
            "element \(index) of input '\(name)' is \(found.isEmpty ? "missing" : found), but \(elementType.name) takes \(allowed)"
        )
    }
}

/// Brackets of one tensor's data: depth 1 throughout (flat), or the tensor's rank with each array as long as its
/// dimension.
private struct Nesting {
    private let rank: Int
    private(set) var depth = 0
    /// Elements or arrays seen in each open array.
    private var lengths: [Int]
    /// The depth at which elements stand; fixed by the first one.
    private var elementDepth: Int?

    init(rank: Int) {
        self.rank = max(rank, 1)
        lengths = Array(repeating: 0, count: self.rank + 1)
    }

    var mayOpen: Bool { depth < (elementDepth ?? rank) }
    var mayHoldElements: Bool { elementDepth.map { $0 == depth } ?? (depth == 1 || depth == rank) }
    var mayCloseEmpty: Bool { lengths[depth] == 0 }

    mutating func open() {
        depth += 1
        lengths[depth] = 0
    }

    mutating func addElement() {
        elementDepth = depth
        lengths[depth] += 1
    }

    /// - Returns: whether the array had the length that the shape says. A flat one is counted at the end.
    mutating func close(matching shape: Shape) -> Bool {
        let isNested = rank > 1 && (elementDepth ?? depth) == rank
        let fits = !isNested || lengths[depth] == shape.dimensions[depth - 1]
        depth -= 1
        lengths[depth] += 1
        return fits
    }
}
