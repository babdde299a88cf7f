extension JSONScanner {
    /// What stands between two quotes.
    @usableFromInline struct RawString {
        @usableFromInline var range: Range<Int>
        @usableFromInline var hasEscapes = false
        @usableFromInline var isASCII = true

        @inlinable init(range: Range<Int>) { self.range = range }
    }

    /// A string with its escapes resolved.
    @inlinable package mutating func string(_ what: @autoclosure () -> String) throws(Failure) -> String {
        let raw = try rawString(what())
        let text = UnsafeRawBufferPointer(rebasing: bytes[raw.range])
        if !raw.hasEscapes {
            if raw.isASCII { return String(decoding: text, as: UTF8.self) }
            guard let string = String(validating: text, as: UTF8.self) else { throw notUTF8(raw, what()) }
            return string
        }
        var resolved: [UInt8] = []
        resolved.reserveCapacity(text.count)
        try appendUnescaped(raw.range, to: &resolved, what())
        guard let string = String(validating: resolved, as: UTF8.self) else { throw notUTF8(raw, what()) }
        return string
    }

    /// The name of a member.
    @inlinable package mutating func key(_ what: @autoclosure () -> String) throws(Failure) -> JSONKey {
        let start = position
        let raw = try rawString(what())
        let text = UnsafeRawBufferPointer(rebasing: bytes[raw.range])
        guard raw.hasEscapes || !raw.isASCII else { return JSONKey(text) }
        move(to: start)
        return JSONKey(text, resolved: try string(what()))
    }

    @inlinable mutating func rawString(_ what: @autoclosure () -> String) throws(Failure) -> RawString {
        guard take(UInt8(ascii: "\"")) else { throw unexpected("a string as \(what())") }
        var raw = RawString(range: position..<position)
        var index = position
        while index < end {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\"") {
                raw.range = position..<index
                move(to: index + 1)
                return raw
            }
            if byte == UInt8(ascii: "\\") {
                raw.hasEscapes = true
                index += 1
            } else if byte < 0x20 {
                throw .init(malformed: "\(what()) holds the control character \(byte) at byte \(index); escape it")
            } else if byte >= 0x80 {
                raw.isASCII = false
            }
            index += 1
        }
        move(to: end)
        throw unexpected("the end of a string as \(what())")
    }

    @inlinable func notUTF8(_ raw: RawString, _ what: String) -> Failure {
        .init(malformed: "\(what) is not valid UTF-8, at byte \(raw.range.lowerBound)")
    }

    /// Appends the string in `range` with its escapes resolved.
    @inlinable func appendUnescaped(
        _ range: Range<Int>, to text: inout [UInt8], _ what: @autoclosure () -> String
    ) throws(Failure) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            guard byte == UInt8(ascii: "\\") else {
                text.append(byte)
                index += 1
                continue
            }
            index += 1
            guard index < range.upperBound else {
                throw .init(malformed: "\(what()) ends within an escape, at byte \(index)")
            }
            switch bytes[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(bytes[index])
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = try unicodeEscape(at: index + 1, before: range.upperBound, what())
                text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                index += length
            default: throw .init(malformed: "\(what()) has an unknown escape at byte \(index)")
            }
            index += 1
        }
    }

    /// The scalar of `\uXXXX` or of a surrogate pair, and the bytes read after the `u`.
    @inlinable func unicodeEscape(
        at index: Int, before limit: Int, _ what: @autoclosure () -> String
    ) throws(Failure) -> (UnicodeScalar, Int) {
        func unit(_ index: Int) -> UInt32? {
            guard index + 4 <= limit else { return nil }
            return bytes[index..<(index + 4)].reduce(UInt32?(0)) { value, byte in
                guard let value, let digit = Character(UnicodeScalar(byte)).hexDigitValue else { return nil }
                return value << 4 | UInt32(digit)
            }
        }
        guard let first = unit(index) else {
            throw .init(malformed: "\(what()) has a broken \\u escape at byte \(index)")
        }
        if let scalar = UnicodeScalar(first) { return (scalar, 4) }
        if (0xD800..<0xDC00).contains(first), index + 6 <= limit, bytes[index + 4] == UInt8(ascii: "\\"),
            bytes[index + 5] == UInt8(ascii: "u"), let second = unit(index + 6), (0xDC00..<0xE000).contains(second),
            let scalar = UnicodeScalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        {
            return (scalar, 10)
        }
        throw .init(malformed: "\(what()) has half a surrogate pair at byte \(index)")
    }
}
