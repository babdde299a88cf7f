import NIOCore
import Tensors

/// Reads the wire's primitives from a buffer; every read is checked, no input traps.
struct ByteReader {
    private var buffer: ByteBuffer
    private let start: Int

    init(_ buffer: ByteBuffer) {
        self.buffer = buffer
        start = buffer.readerIndex
    }

    /// From the begin of the message.
    var position: Int { buffer.readerIndex - start }

    var isAtEnd: Bool { buffer.readableBytes == 0 }

    mutating func integer<T: FixedWidthInteger>(_ what: StaticString, as type: T.Type = T.self) throws(WireError) -> T {
        guard let value = buffer.readInteger(endianness: .little, as: type) else { throw missing(what) }
        return value
    }

    mutating func slice(_ what: StaticString, length: Int) throws(WireError) -> ByteBuffer {
        guard length >= 0, let slice = buffer.readSlice(length: length) else { throw missing(what) }
        return slice
    }

    /// A `UInt16` length and that many bytes of UTF-8 (repaired where it is none).
    mutating func string(_ what: StaticString) throws(WireError) -> String {
        let length = Int(try integer(what, as: UInt16.self))
        guard let text = buffer.readString(length: length) else { throw missing(what) }
        return text
    }

    func missing(_ what: StaticString) -> WireError {
        WireError("the message ends within \(what), at byte \(buffer.readerIndex)")
    }
}
