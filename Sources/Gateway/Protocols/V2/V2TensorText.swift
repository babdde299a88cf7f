import JSON
import NIOCore
import Tensors

/// The `data` member of a JSON tensor: numbers, booleans or strings, flat or nested as the shape, row-major.
struct V2TensorText {
    let name: String
    let elementType: ElementType
    let shape: Shape
    let count: Int
    /// Where the data begins.
    let start: Int

    /// Decodes the value at `scanner` straight into the bytes that the backend reads.
    func decode(_ scanner: inout JSONScanner) throws(V2Error) -> ByteBuffer {
        // Each element takes at least one byte and a separator: a shape that claims more is refused before memory is.
        guard count <= (scanner.end - scanner.position) / 2 + 1 else { throw wrongCount(scanner) }
        switch elementType {
        case .bool: return try fill(&scanner, allowed: "true or false", Self.boolean)
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
                "input '\(name)' of \(elementType.name) cannot be given in JSON; send it as binary data (binary_data_size)"
            )
        }
    }

    private func numbers<T: JSONElement>(_ scanner: inout JSONScanner, _ type: T.Type) throws(V2Error) -> ByteBuffer {
        try fill(&scanner, allowed: T.allowed) { bytes, position, end -> T? in
            var next = position
            guard let number = ShortDecimal.scan(bytes, at: &next, end: end), let value = T.value(of: number) else {
                return Self.longNumber(bytes, &position, end)
            }
            position = next
            return value
        }
    }

    /// A number that is not short. Never inlined: it would keep the loop over short ones out of registers.
    @inline(never)
    private static func longNumber<T: JSONElement>(
        _ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ end: Int
    ) -> T? {
        if position < end, bytes[position] == UInt8(ascii: "\"") {
            var close = position + 1
            while close < end, close - position < 12, bytes[close] != UInt8(ascii: "\"") { close += 1 }
            guard close < end, let value = T.value(named: bytes[(position + 1)..<close]) else { return nil }
            position = close + 1
            return value
        }
        guard let number = JSONNumber.scan(bytes, at: position, end: end), let value = T.value(of: number, bytes) else {
            return nil
        }
        position = number.range.upperBound
        return value
    }

    private static func boolean(_ bytes: UnsafeRawBufferPointer, _ position: inout Int, _ end: Int) -> UInt8? {
        var scanner = JSONScanner(bytes, position..<end)
        let isTrue = scanner.take(literal: "true")
        guard isTrue || scanner.take(literal: "false") else { return nil }
        position = scanner.position
        return isTrue ? 1 : 0
    }

    private func strings(_ scanner: inout JSONScanner) throws(V2Error) -> ByteBuffer {
        var bytes = ByteBuffer()
        try walk(&scanner) { scanner, index throws(V2Error) in
            guard index < count else { throw wrongCount(scanner) }
            guard scanner.peek() == UInt8(ascii: "\"") else {
                throw badElement(&scanner, index, allowed: "a string")
            }
            let text = try scanner.string("element \(index) of input '\(name)'")
            bytes.writeInteger(UInt32(clamping: text.utf8.count), endianness: .little)
            bytes.writeString(text)
            return index + 1
        }
        return bytes
    }

    /// Fills `count` elements of fixed width, in place.
    ///
    /// - Parameter element: reads the element at the position and moves it behind; `nil` when none is there that fits.
    @inline(__always)
    private func fill<T: BitwiseCopyable>(
        _ scanner: inout JSONScanner, allowed: @autoclosure () -> String,
        _ element: (UnsafeRawBufferPointer, inout Int, Int) -> T?
    ) throws(V2Error) -> ByteBuffer {
        let width = MemoryLayout<T>.size
        var bytes = ByteBuffer()
        var failure: V2Error?
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: count * width) { target in
            do throws(V2Error) {
                try walk(&scanner) { scanner, first throws(V2Error) in
                    var index = first
                    var position = scanner.position
                    let end = scanner.end
                    let text = scanner.bytes
                    while true {
                        guard index < count else { throw wrongCount(scanner) }
                        guard let value = element(text, &position, end) else {
                            scanner.move(to: position)
                            throw badElement(&scanner, index, allowed: allowed())
                        }
                        target.storeBytes(of: value, toByteOffset: index * width, as: T.self)
                        index += 1
                        position = JSONGrammar.skipSpace(text, from: position, end: end)
                        guard position < end, text[position] == UInt8(ascii: ",") else { break }
                        position = JSONGrammar.skipSpace(text, from: position + 1, end: end)
                    }
                    scanner.move(to: position)
                    return index
                }
            } catch {
                failure = error
            }
            return count * width
        }
        if let failure { throw failure }
        return bytes
    }

    /// Calls `run` where elements begin, and checks brackets against the shape.
    ///
    /// - Parameter run: reads one element or several with commas between; gets and returns how many were read so far.
    @inline(__always)
    private func walk(
        _ scanner: inout JSONScanner, _ run: (inout JSONScanner, Int) throws(V2Error) -> Int
    ) throws(V2Error) {
        var index = 0
        var nesting = V2Nesting(shape)
        try scanner.expect(UInt8(ascii: "["), "at the start of the data of input '\(name)'")
        nesting.open()
        while nesting.depth > 0 {
            switch scanner.peek() {
            case UInt8(ascii: "[") where nesting.mayOpen:
                _ = scanner.take(UInt8(ascii: "["))
                nesting.open()
                continue
            case UInt8(ascii: "]") where nesting.mayCloseEmpty: break
            case UInt8(ascii: "["), UInt8(ascii: "{"): throw badNesting(&scanner)
            default:
                guard nesting.mayHoldElements else { throw badNesting(&scanner) }
                let before = index
                index = try run(&scanner, index)
                nesting.add(index - before)
            }
            while nesting.depth > 0 {
                if scanner.take(UInt8(ascii: ",")) { break }
                try scanner.expect(UInt8(ascii: "]"), "or ',' in the data of input '\(name)'")
                guard nesting.close() else {
                    throw .bad(
                        "the data of input '\(name)' is not nested as its shape \(shape): an array that ends at byte \(scanner.position) has another length"
                    )
                }
            }
        }
        guard index == count else { throw wrongCount(scanner) }
    }

    /// Says how many there are, whatever they are. Never inlined: it is for errors only.
    @inline(never)
    private func wrongCount(_ scanner: JSONScanner) -> V2Error {
        let found = JSONScanner(scanner.bytes, start..<scanner.end).countScalars()
        return .bad("unexpected number of elements for input '\(name)': shape \(shape) needs \(count), got \(found)")
    }

    private func badNesting(_ scanner: inout JSONScanner) -> V2Error {
        switch scanner.peek() {
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            .bad("the data of input '\(name)' is nested deeper than its shape \(shape), at byte \(scanner.position)")
        default:
            .bad(
                "the data of input '\(name)' must be flat or nested exactly as its shape \(shape), at byte \(scanner.position)"
            )
        }
    }

    /// Names the element, what was found and what is allowed. Integers are never cut to fit.
    private func badElement(_ scanner: inout JSONScanner, _ index: Int, allowed: String) -> V2Error {
        guard let first = scanner.peek() else { return scanner.unexpected("element \(index) of input '\(name)'") }
        if first == UInt8(ascii: "[") || first == UInt8(ascii: "{") { return badNesting(&scanner) }
        let start = scanner.position
        var end = start
        while end < scanner.end, end - start < 40, !JSONGrammar.endsScalar(scanner.bytes[end]) { end += 1 }
        let found = String(decoding: scanner.bytes[start..<end], as: UTF8.self)
        return .bad(
            "element \(index) of input '\(name)' is \(found.isEmpty ? "missing" : found), but \(elementType.name) takes \(allowed)"
        )
    }
}
