/// A cursor over JSON text: one pass, no tree, no allocation but for strings that are asked for.
///
/// Every read is bounds-checked; malformed text is an error with its byte position, never a trap.
///
/// - Parameter Failure: the error of the protocol that reads; what is malformed is said in its own form.
@usableFromInline package struct JSONScanner<Failure: JSONFailure> {
    @inlinable package static var maximumDepth: Int { 64 }

    @usableFromInline package let bytes: UnsafeRawBufferPointer
    @usableFromInline package var position: Int
    @usableFromInline package let end: Int

    @inlinable package init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next byte that is no white space, not consumed; `nil` at the end.
    @inline(__always)
    @inlinable package mutating func peek() -> UInt8? {
        position = JSONGrammar.skipSpace(bytes, from: position, end: end)
        return position < end ? bytes[position] : nil
    }

    /// Consumes `byte` if it is next.
    @inline(__always)
    @inlinable package mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        position += 1
        return true
    }

    @inline(__always)
    @inlinable package mutating func expect(_ byte: UInt8, _ what: @autoclosure () -> String) throws(Failure) {
        guard take(byte) else { throw unexpected("'\(Character(UnicodeScalar(byte)))' \(what())") }
    }

    @inlinable package mutating func move(to position: Int) { self.position = position }

    /// Walks an object; `member` must consume the value.
    @inline(__always)
    @inlinable package mutating func object(
        _ what: @autoclosure () -> String, _ member: (JSONKey, inout Self) throws(Failure) -> Void
    ) throws(Failure) {
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
    @inlinable package mutating func array(
        _ what: @autoclosure () -> String, _ element: (inout Self) throws(Failure) -> Void
    ) throws(Failure) {
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
    @inlinable package mutating func take(literal: StaticString) -> Bool {
        guard peek() != nil, end - position >= literal.utf8CodeUnitCount else { return false }
        for offset in 0..<literal.utf8CodeUnitCount where bytes[position + offset] != literal.utf8Start[offset] {
            return false
        }
        let after = position + literal.utf8CodeUnitCount
        guard after == end || JSONGrammar.endsScalar(bytes[after]) else { return false }
        position = after
        return true
    }

    /// An error that says what was found instead.
    @inlinable package mutating func unexpected(_ wanted: String) -> Failure {
        guard let byte = peek() else {
            return .init(
                malformed:
                    "failed to parse the request JSON buffer: expected \(wanted), but the text ends at byte \(end)")
        }
        let found =
            (0x21...0x7E).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
        return .init(
            malformed: "failed to parse the request JSON buffer: expected \(wanted), found \(found) at byte \(position)"
        )
    }
}
