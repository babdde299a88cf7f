/// Reads JSON (RFC 8259) from bytes that may be anything.
///
/// Depth is bounded by `maximumDepth`; O(bytes); the position of an error is the offset of the byte at fault.
package struct JSONParser: ~Copyable {
    package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        package var offset: Int
        package var message: String

        package init(offset: Int, message: String) {
            self.offset = offset
            self.message = message
        }

        package var description: String { "\(message) at byte \(offset + 1)" }
    }

    package static let maximumDepth = 64

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The document in `bytes`, which must hold nothing else but white space.
    package static func parse(_ bytes: some Sequence<UInt8>) throws(Problem) -> JSONValue {
        var parser = JSONParser(Array(bytes))
        let value = try parser.value(depth: 0)
        parser.skipSpace()
        guard parser.position == parser.bytes.count else { throw parser.problem("unexpected text after the document") }
        return value
    }

    private func problem(_ message: String) -> Problem { Problem(offset: position, message: message) }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(Problem) -> JSONValue {
        guard depth < Self.maximumDepth else { throw problem("nested deeper than \(Self.maximumDepth)") }
        skipSpace()
        guard let byte = current else { throw problem("the text ends where a value should be") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(Problem) -> JSONValue {
        let count = text.utf8CodeUnitCount
        let matches =
            position + count <= bytes.count
            && text.withUTF8Buffer { letters in bytes[position..<(position + count)].elementsEqual(letters) }
        guard matches else { throw problem("expected \(text)") }
        position += count
        return value
    }

    private mutating func object(depth: Int) throws(Problem) -> JSONValue {
        position += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if current == UInt8(ascii: "}") {
            position += 1
            return .object(members)
        }
        while true {
            skipSpace()
            guard current == UInt8(ascii: "\"") else { throw problem("expected a member's name") }
            let name = try string()
            skipSpace()
            guard current == UInt8(ascii: ":") else { throw problem("expected a colon after \"\(name)\"") }
            position += 1
            members.append(JSONValue.Member(name, try value(depth: depth + 1)))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(members)
            default: throw problem("expected a comma or } in an object")
            }
        }
    }

    private mutating func array(depth: Int) throws(Problem) -> JSONValue {
        position += 1
        var values: [JSONValue] = []
        skipSpace()
        if current == UInt8(ascii: "]") {
            position += 1
            return .array(values)
        }
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            switch current {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(values)
            default: throw problem("expected a comma or ] in an array")
            }
        }
    }

    private mutating func number() throws(Problem) -> JSONValue {
        let start = position
        var isWhole = true
        loop: while let byte = current {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): break
            case UInt8(ascii: "-"), UInt8(ascii: "+"): if position > start { isWhole = false }
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isWhole = false
            default: break loop
            }
            position += 1
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        let digits = text.drop { $0 == "-" }
        guard let first = digits.first, first.isNumber, digits.count == 1 || first != "0" || !isWhole,
            text.last?.isNumber ?? false
        else {
            position = start
            throw problem("expected a value")
        }
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            position = start
            throw problem("\(text) is no number that fits 64 bits")
        }
        return .number(value)
    }

    private mutating func string() throws(Problem) -> String {
        position += 1
        let start = position
        while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        var text = String(decoding: bytes[start..<position], as: UTF8.self)
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return text
            case UInt8(ascii: "\\"): text.unicodeScalars.append(try escape())
            case 0..<0x20: throw problem("a control character in a string")
            default:
                let start = position
                while let byte = current, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
                    position += 1
                }
                text += String(decoding: bytes[start..<position], as: UTF8.self)
            }
        }
        throw problem("a string without an end")
    }

    private mutating func escape() throws(Problem) -> Unicode.Scalar {
        position += 1
        guard let byte = current else { throw problem("a string without an end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{08}"
        case UInt8(ascii: "f"): return "\u{0C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let high = try codeUnit()
            if let scalar = Unicode.Scalar(UInt32(high)) { return scalar }
            // The first half of a surrogate pair needs the second.
            guard high < 0xDC00, current == UInt8(ascii: "\\"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "u")
            else { return "\u{FFFD}" }
            position += 2
            let low = try codeUnit()
            guard (0xDC00...0xDFFF).contains(low) else { return "\u{FFFD}" }
            return Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00)) ?? "\u{FFFD}"
        default:
            position -= 1
            throw problem("an unknown escape in a string")
        }
    }

    private mutating func codeUnit() throws(Problem) -> UInt16 {
        guard position + 4 <= bytes.count,
            let unit = UInt16(String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
        else { throw problem("\\u needs four hexadecimal digits") }
        position += 4
        return unit
    }
}
