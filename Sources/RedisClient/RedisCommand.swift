package import NIOCore

/// A command, encoded as a RESP array of bulk strings while it is built.
package struct RedisCommand: Sendable {
    private(set) var argumentCount: Int
    private(set) var body: ByteBuffer

    package init(_ name: String) {
        argumentCount = 0
        body = ByteBuffer()
        append(name)
    }

    package init(_ name: String, _ arguments: String...) {
        self.init(name)
        for argument in arguments { append(argument) }
    }

    package mutating func append(_ text: String) {
        argumentCount += 1
        body.writeLength(UInt8(ascii: "$"), text.utf8.count)
        body.writeString(text)
        body.writeInteger(0x0D0A, as: UInt16.self)
    }

    package mutating func append(_ number: Int) { append(String(number)) }

    package mutating func append(_ number: Int64) { append(String(number)) }

    package mutating func append(_ bytes: ByteBuffer) {
        argumentCount += 1
        body.reserveCapacity(minimumWritableBytes: bytes.readableBytes + 16)
        body.writeLength(UInt8(ascii: "$"), bytes.readableBytes)
        body.writeImmutableBuffer(bytes)
        body.writeInteger(0x0D0A, as: UInt16.self)
    }

    package mutating func append(contentsOf texts: some Sequence<String>) {
        for text in texts { append(text) }
    }

    package func appending(_ texts: String...) -> RedisCommand {
        var command = self
        command.append(contentsOf: texts)
        return command
    }

    /// Bytes on the connection; the header is counted as 8.
    var size: Int { body.readableBytes + 8 }

    /// Appends the whole command to `buffer`.
    func write(into buffer: inout ByteBuffer) {
        writeHeader(into: &buffer)
        buffer.writeImmutableBuffer(body)
    }

    /// Appends what stands before `body`.
    func writeHeader(into buffer: inout ByteBuffer) { buffer.writeLength(UInt8(ascii: "*"), argumentCount) }
}

extension ByteBuffer {
    /// `<kind><number>\r\n`
    fileprivate mutating func writeLength(_ kind: UInt8, _ number: Int) {
        writeInteger(kind)
        if number < 10 {
            writeInteger(UInt8(ascii: "0") + UInt8(number))
        } else {
            writeString(String(number))
        }
        writeInteger(0x0D0A, as: UInt16.self)
    }
}
