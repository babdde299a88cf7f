/// Where large strings lie in the bytes that Redis sends, so that they need not go through the parser's own buffer.
///
/// Looks at lines only: what begins a value, and the lengths of strings. Whether the bytes are RESP at all says the parser,
/// which is fed everything but the large strings.
struct ReplyFraming {
    enum Step: Equatable {
        /// So many bytes are for the parser.
        case pass(Int)
        /// A string of `length` bytes begins behind a header of so many; its bytes and the two that end it are not looked at.
        case string(header: Int, length: Int)
        /// The bytes end within a header: they must come again with what follows.
        case incomplete
    }

    private enum State: Equatable {
        /// Can go to: line, string.
        case atValue
        /// Within a line that is no length, whose last byte was a carriage return or not. Can go to: atValue.
        case line(endsWithReturn: Bool)
        /// So many bytes of a small string are to come, with the two that end it. Can go to: atValue.
        case string(Int)
    }

    private static let carriageReturn = UInt8(ascii: "\r")
    private static let newLine = UInt8(ascii: "\n")
    /// Longest header that is looked at: a sign, 19 digits, two bytes of end, and the dollar.
    private static let headerLimit = 23

    /// Strings from this length on are large.
    let largeFrom: Int
    private var state = State.atValue

    init(largeFrom: Int) { self.largeFrom = largeFrom }

    /// What the next bytes are; never past their end. Called again for what is left of them.
    mutating func next(in bytes: UnsafeRawBufferPointer) -> Step {
        var index = 0
        while index < bytes.count {
            switch state {
            case .string(let rest):
                let count = min(rest, bytes.count - index)
                index += count
                state = count == rest ? .atValue : .string(rest - count)
            case .line(let endsWithReturn): index = skipLine(bytes, from: index, endsWithReturn)
            case .atValue:
                guard bytes[index] == UInt8(ascii: "$") else {
                    state = .line(endsWithReturn: bytes[index] == Self.carriageReturn)
                    index += 1
                    continue
                }
                switch header(in: UnsafeRawBufferPointer(rebasing: bytes[index...])) {
                case .length(let header, let length) where length >= largeFrom:
                    return index > 0 ? .pass(index) : .string(header: header, length: length)
                case .length(let header, let length):
                    state = .string(length + 2)
                    index += header
                case .none(let header): index += header
                case .incomplete: return index > 0 ? .pass(index) : .incomplete
                case .noHeader:
                    state = .line(endsWithReturn: false)
                    index += 1
                }
            }
        }
        return .pass(bytes.count)
    }

    private mutating func skipLine(
        _ bytes: UnsafeRawBufferPointer, from start: Int, _ endsWithReturn: Bool
    ) -> Int {
        var wasReturn = endsWithReturn
        for index in start..<bytes.count {
            if wasReturn, bytes[index] == Self.newLine {
                state = .atValue
                return index + 1
            }
            wasReturn = bytes[index] == Self.carriageReturn
        }
        state = .line(endsWithReturn: wasReturn)
        return bytes.count
    }

    private enum Header {
        case length(header: Int, Int)
        /// A line that is no length: no string, or nothing that the parser takes.
        case none(header: Int)
        case incomplete
        case noHeader
    }

    /// - Parameter bytes: from the dollar on.
    private func header(in bytes: UnsafeRawBufferPointer) -> Header {
        let limit = min(bytes.count, Self.headerLimit)
        var length = 0
        var isNumber = true
        var index = 1
        while index < limit {
            let byte = bytes[index]
            if byte == Self.carriageReturn {
                guard index + 1 < bytes.count else { return .incomplete }
                guard bytes[index + 1] == Self.newLine else { return .noHeader }
                return isNumber && index > 1 ? .length(header: index + 2, length) : .none(header: index + 2)
            }
            let digit = Int(byte) - 48
            let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
            // A number with a zero in front is none to the parser.
            if (0...9).contains(digit), !overflow, index == 1 || length > 0, tens < 1 << 60 {
                length = tens + digit
            } else {
                isNumber = false
            }
            index += 1
        }
        return bytes.count < Self.headerLimit ? .incomplete : .noHeader
    }
}
