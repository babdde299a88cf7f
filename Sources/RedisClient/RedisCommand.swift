package import NIOCore

/// A command, encoded as a RESP array of bulk strings while it is built.
package struct RedisCommand: Sendable {
    /// Bytes kept before the first argument for `*<count>\r\n`.
    private static let headerRoom = 16

    /// Its name included.
    package private(set) var argumentCount = 0
    /// The whole command; its header grows towards the front.
    private(set) var bytes: ByteBuffer

    package init(_ name: String, _ arguments: String...) { self.init(name, arguments, payload: 0) }

    /// - Parameter payload: bytes that will be appended; room for them is made with the first.
    package init(_ name: String, _ arguments: [String], payload: Int) {
        let texts = arguments.reduce(name.utf8.count) { $0 + $1.utf8.count }
        bytes = ByteBuffer()
        bytes.reserveCapacity(
            Self.headerRoom + texts + 12 * (arguments.count + 1) + (payload > 0 ? payload + 32 : 0))
        bytes.writeRepeatingByte(0, count: Self.headerRoom)
        bytes.moveReaderIndex(forwardBy: Self.headerRoom)
        append(name)
        for argument in arguments { append(argument) }
    }

    package mutating func append(_ text: String) {
        bytes.writeLength(UInt8(ascii: "$"), text.utf8.count)
        bytes.writeString(text)
        endArgument()
    }

    package mutating func append(_ number: Int) { append(String(number)) }

    package mutating func append(_ number: Int64) { append(String(number)) }

    package mutating func append(_ argument: ByteBuffer) {
        bytes.reserveCapacity(minimumWritableBytes: argument.readableBytes + 16)
        bytes.writeLength(UInt8(ascii: "$"), argument.readableBytes)
        bytes.writeImmutableBuffer(argument)
        endArgument()
    }

    /// Appends what `write` writes, without a copy where it writes as many bytes as it said.
    package mutating func append<Failure: Error>(
        size: Int, _ write: (inout ByteBuffer) throws(Failure) -> Void
    ) throws(Failure) {
        let start = bytes.writerIndex
        bytes.reserveCapacity(minimumWritableBytes: size + 24)
        bytes.writeLength(UInt8(ascii: "$"), size)
        let first = bytes.writerIndex
        try write(&bytes)
        guard bytes.writerIndex - first != size else { return endArgument() }
        let argument = bytes.getSlice(at: first, length: max(bytes.writerIndex - first, 0)) ?? ByteBuffer()
        bytes.moveWriterIndex(to: start)
        append(argument)
    }

    package mutating func append(contentsOf texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    package func appending(_ texts: String...) -> RedisCommand {
        var command = self
        command.append(contentsOf: texts)
        return command
    }

    /// Bytes on the connection.
    var size: Int { bytes.readableBytes }

    /// Ends an argument and counts it in the header.
    private mutating func endArgument() {
        bytes.writeInteger(0x0D0A, as: UInt16.self)
        argumentCount += 1
        let start = Self.headerRoom - Self.digits(of: argumentCount) - 3
        bytes.setLength(UInt8(ascii: "*"), argumentCount, at: start)
        bytes.moveReaderIndex(to: start)
    }

    fileprivate static func digits(of number: Int) -> Int {
        var digits = 1
        var rest = number / 10
        while rest > 0 {
            digits += 1
            rest /= 10
        }
        return digits
    }
}

extension ByteBuffer {
    /// Appends `<kind><number>\r\n`; the number is not negative.
    fileprivate mutating func writeLength(_ kind: UInt8, _ number: Int) {
        moveWriterIndex(forwardBy: setLength(kind, number, at: writerIndex))
    }

    /// Writes `<kind><number>\r\n` there, digits in place.
    /// - Returns: its length.
    @discardableResult
    fileprivate mutating func setLength(_ kind: UInt8, _ number: Int, at index: Int) -> Int {
        let digits = RedisCommand.digits(of: number)
        // Sixteen bytes hold nearly every number; a length beyond 10^12 is no length.
        var text: SIMD16<UInt8> = .zero
        text[0] = kind
        var rest = number
        for place in stride(from: min(digits, 13), to: 0, by: -1) {
            text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        text[min(digits, 13) + 1] = 0x0D
        text[min(digits, 13) + 2] = 0x0A
        return withUnsafeBytes(of: text) { setBytes(UnsafeRawBufferPointer(rebasing: $0[..<(digits + 3)]), at: index) }
    }
}
