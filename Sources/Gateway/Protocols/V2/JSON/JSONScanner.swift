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
        position = Self.skipSpace(bytes, from: position, end: end)
        return position < end ? bytes[position] : nil
    }

    /// Consumes `byte` if it is next.
    @inline(__always)
    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    @inline(__always)
    mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(V2Error) {
        guard take(byte) else { throw unexpected("'\(Character(UnicodeScalar(byte)))' \(what())") }
    }

    mutating func move(to position: Int) { self.position = position }

    /// Walks an object; `member` must consume the value.
    @inline(__always)
    mutating func object(
        _ what: @autoclosure () -> String, _ member: (JSONKey, inout JSONScanner) throws(V2Error) -> Void
    ) throws(V2Error) {
        try expect(UInt8(ascii: "{"), "at the start of \(what())")
        if take(UInt8(ascii: "}")) { return }
        while true {
            let key = try key("a member's name in \(what())")
            try expect(UInt8(ascii: ":"), "after a member's name in \(what())")
            try member(key, &self)
            if take(UInt8(ascii: ",")) { continue }
            try expect(UInt8(ascii: "}"), "or ',' in \(what())")
            return
        }
    }

    /// Walks an array; `element` must consume the value.
    @inline(__always)
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

    /// A literal such as `true`; consumed if it is next and nothing is attached to it.
    mutating func take(literal: StaticString) -> Bool {
        guard peek() != nil, end - position >= literal.utf8CodeUnitCount else { return false }
        for offset in 0..<literal.utf8CodeUnitCount where bytes[position + offset] != literal.utf8Start[offset] {
            return false
        }
        let after = position + literal.utf8CodeUnitCount
        guard after == end || Self.endsScalar(bytes[after]) else { return false }
        position = after
        return true
    }

    @inline(__always)
    static func skipSpace(_ bytes: UnsafeRawBufferPointer, from position: Int, end: Int) -> Int {
        var position = position
        while position < end {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            position += 1
        }
        return position
    }

    @inline(__always)
    static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }

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
