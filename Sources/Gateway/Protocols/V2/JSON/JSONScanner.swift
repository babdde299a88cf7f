/// A cursor over JSON text: one pass, no tree, no allocation but for strings that are asked for.
///
/// Every read is bounds-checked; malformed text is an error with its byte position, never a trap.
struct JSONScanner {
    static let maximumDepth = 64

    let bytes: UnsafeRawBufferPointer
    private(set) var position: Int
    let end: Int

    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next byte that is no white space, not consumed; `nil` at the end.
    @inline(__always)
    mutating func peek() -> UInt8? {
        while position < end {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
        return nil
    }

    /// Consumes `byte` if it is next.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(V2Error) {
        guard take(byte) else { throw unexpected("'\(Character(UnicodeScalar(byte)))' \(what())") }
    }

    /// Walks an object; `member` must consume the value.
    mutating func object(
        _ what: @autoclosure () -> String, _ member: (String, inout JSONScanner) throws(V2Error) -> Void
    ) throws(V2Error) {
        try expect(UInt8(ascii: "{"), "at the start of \(what())")
        if take(UInt8(ascii: "}")) { return }
        while true {
            let key = try string("a member's name in \(what())")
            try expect(UInt8(ascii: ":"), "after a member's name in \(what())")
            try member(key, &self)
            if take(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "}"), "or ',' in \(what())")
            return
        }
    }

    /// Walks an array; `element` must consume the value.
    mutating func array(
        _ what: @autoclosure () -> String, _ element: (inout JSONScanner) throws(V2Error) -> Void
    ) throws(V2Error) {
        try expect(UInt8(ascii: "["), "at the start of \(what())")
        if take(UInt8(ascii: "]")) { return }
        while true {
            try element(&self)
            if take(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "]"), "or ',' in \(what())")
            return
        }
    }

    /// A string with its escapes resolved.
    mutating func string(_ what: @autoclosure () -> String) throws(V2Error) -> String {
        let (range, hasEscapes) = try rawString(what())
        if !hasEscapes {
            guard let text = String(validating: bytes[range], as: UTF8.self) else {
                throw .bad("\(what()) is not valid UTF-8, at byte \(range.lowerBound)")
            }
            return text
        }
        var text: [UInt8] = []
        try appendUnescaped(range, to: &text, what())
        guard let string = String(validating: text, as: UTF8.self) else {
            throw .bad("\(what()) is not valid UTF-8, at byte \(range.lowerBound)")
        }
        return string
    }

    /// The range between the quotes, and whether there is a backslash in it.
    mutating func rawString(_ what: @autoclosure () -> String) throws(V2Error) -> (Range<Int>, hasEscapes: Bool) {
        guard take(UInt8(ascii: "\"")) else { throw unexpected("a string as \(what())") }
        let start = position
        var hasEscapes = false
        while position < end {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return (start..<(position - 1), hasEscapes)
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 1
            } else if byte < 0x20 {
                throw .bad("\(what()) holds the control character \(byte) at byte \(position); escape it")
            }
            position += 1
        }
        position = end
        throw unexpected("the end of a string as \(what())")
    }

    /// Appends the string in `range` with its escapes resolved.
    func appendUnescaped(_ range: Range<Int>, to text: inout [UInt8], _ what: @autoclosure () -> String) throws(V2Error)
    {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                index += 1
                continue
            }
            index += 1
            guard index < range.upperBound else { throw .bad("\(what()) ends within an escape, at byte \(index)") }
            switch bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[index])
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = try unicodeEscape(at: index + 1, before: range.upperBound, what())
                text.append(contentsOf: String(Character(scalar)).utf8)
                index += length
            default: throw .bad("\(what()) has an unknown escape at byte \(index)")
            }
            index += 1
        }
    }

    /// The scalar of `\uXXXX` or of a surrogate pair, and the bytes read after the `u`.
    private func unicodeEscape(
        at index: Int, before limit: Int, _ what: @autoclosure () -> String
    ) throws(V2Error) -> (UnicodeScalar, Int) {
        func unit(_ index: Int) -> UInt32? {
            guard index + 4 <= limit else { return nil }
            return bytes[index..<(index + 4)].reduce(UInt32?(0)) { value, byte in
                guard let value, let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
                return value << 4 | UInt32(digit)
            }
        }
        guard let first = unit(index) else { throw .bad("\(what()) has a broken \\u escape at byte \(index)") }
        if let scalar = UnicodeScalar(first) { return (scalar, 4) }
        if (0xD800..<0xDC00).contains(first), index + 6 <= limit, bytes[index + 4] == UInt8(ascii: "\\"),
            bytes[index + 5] == UInt8(ascii: "u"), let second = unit(index + 6), (0xDC00..<0xE000).contains(second),
            let scalar = UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        {
            return (scalar, 10)
        }
        throw .bad("\(what()) has half a surrogate pair at byte \(index)")
    }

    /// A literal such as `true`; consumed if it is next.
    mutating func take(literal: StaticString) -> Bool {
        guard peek() != nil, end - position >= literal.utf8CodeUnitCount else { return false }
        for offset in 0..<literal.utf8CodeUnitCount where bytes[position + offset] != literal.utf8Start[offset] {
            return false
        }
        position += literal.utf8CodeUnitCount
        return true
    }

    /// The range of the next value, consumed without looking into it more than needed to find its end.
    @discardableResult
    mutating func skipValue() throws(V2Error) -> Range<Int> {
        guard let first = peek() else { throw unexpected("a value") }
        let start = position
        switch first {
        case UInt8(ascii: "\""): _ = try rawString("a value")
        case UInt8(ascii: "{"), UInt8(ascii: "["): try skipNested()
        default:
            while position < end, !Self.endsScalar(bytes[position]) { position += 1 }
            guard position > start else { throw unexpected("a value") }
        }
        return start..<position
    }

    private mutating func skipNested() throws(V2Error) {
        var closers: [UInt8] = []
        repeat {
            guard let byte = peek() else { throw unexpected("the end of an array or object") }
            switch byte {
            case UInt8(ascii: "{"): closers.append(UInt8(ascii: "}"))
            case UInt8(ascii: "["): closers.append(UInt8(ascii: "]"))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard closers.popLast() == byte else { throw unexpected("a matching bracket") }
            case UInt8(ascii: "\""):
                _ = try rawString("a value")
                continue
            default: break
            }
            guard closers.count <= Self.maximumDepth else {
                throw .bad("JSON is nested deeper than \(Self.maximumDepth) levels, at byte \(position)")
            }
            position += 1
        } while !closers.isEmpty
    }

    static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }

    mutating func move(to position: Int) { self.position = position }

    /// An error that says what was found instead.
    mutating func unexpected(_ wanted: String) -> V2Error {
        guard let byte = peek() else {
            return .bad("failed to parse the request JSON buffer: expected \(wanted), but the text ends at byte \(end)")
        }
        let found =
            (0x21...0x7E).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
        return .bad("failed to parse the request JSON buffer: expected \(wanted), found \(found) at byte \(position)")
    }
}
