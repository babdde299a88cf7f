extension JSONScanner {
    /// The range of the next value, checked against JSON's grammar and consumed.
    @discardableResult
    @inlinable package mutating func skipValue(depth: Int = 1) throws(Failure) -> Range<Int> {
        guard let first = peek() else { throw unexpected("a value") }
        let start = position
        switch first {
        case UInt8(ascii: "\""): _ = try string("a value")
        case UInt8(ascii: "{"):
            try checkDepth(depth)
            try object("a value") { _, scanner throws(Failure) in try scanner.skipValue(depth: depth + 1) }
        case UInt8(ascii: "["):
            try checkDepth(depth)
            try array("a value") { scanner throws(Failure) in try scanner.skipValue(depth: depth + 1) }
        default:
            if take(literal: "true") || take(literal: "false") || take(literal: "null") { break }
            guard let number = JSONNumber.scan(bytes, at: position, end: end) else { throw unexpected("a value") }
            move(to: number.range.upperBound)
        }
        return start..<position
    }

    /// The range of the next value, consumed by its brackets alone: whoever reads the range later checks the rest.
    @inlinable package mutating func skipUnread() throws(Failure) -> Range<Int> {
        guard let first = peek() else { throw unexpected("a value") }
        guard first == UInt8(ascii: "[") || first == UInt8(ascii: "{") else { return try skipValue() }
        let start = position
        var closers: [UInt8] = []
        repeat {
            guard let byte = peek() else { throw unexpected("the end of an array or object") }
            switch byte {
            case UInt8(ascii: "{"): closers.append(UInt8(ascii: "}"))
            case UInt8(ascii: "["): closers.append(UInt8(ascii: "]"))
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard closers.popLast() == byte else { throw unexpected("a matching bracket") }
            case UInt8(ascii: "\""):
                _ = try key("a value")
                continue
            default: break
            }
            try checkDepth(closers.count)
            move(to: position + 1)
        } while !closers.isEmpty
        return start..<position
    }

    /// The numbers, strings and literals in the next value, by their separators alone.
    @inlinable package func countScalars() -> Int {
        var (depth, count, position) = (0, 0, position)
        while position < end {
            switch bytes[position] {
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                position += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                position += 1
                if depth <= 0 { return count }
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x0A, 0x0D, 0x09: position += 1
            case UInt8(ascii: "\""):
                count += 1
                position = endOfString(from: position)
            default:
                count += 1
                while position < end, !JSONGrammar.endsScalar(bytes[position]) { position += 1 }
            }
        }
        return count
    }

    @inlinable func endOfString(from start: Int) -> Int {
        var position = start + 1
        while position < end, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return position + 1
    }

    @inlinable func checkDepth(_ depth: Int) throws(Failure) {
        guard depth <= Self.maximumDepth else {
            throw .init(malformed: "JSON is nested deeper than \(Self.maximumDepth) levels, at byte \(position)")
        }
    }
}
