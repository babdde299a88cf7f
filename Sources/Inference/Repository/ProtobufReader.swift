/// Walks the fields of a protobuf message. Every read is checked: bytes that are no message end the walk.
struct ProtobufReader {
    enum Field: Equatable {
        case varint(UInt64)
        /// Strings, bytes and nested messages: the range of their bytes.
        case bytes(Range<Int>)
        case fixed32(UInt32)
        case fixed64(UInt64)
    }

    private let bytes: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    /// Set when the bytes are no protobuf message.
    private(set) var isMalformed = false

    init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field's number and value; `nil` at the end.
    mutating func next() -> (number: Int, field: Field)? {
        guard position < end, !isMalformed else { return nil }
        guard let key = varint() else { return malformed() }
        let number = Int(key >> 3)  // At most 2^61: fits.
        switch key & 7 {
        case 0:
            guard let value = varint() else { return malformed() }
            return (number, .varint(value))
        case 1: return littleEndian(UInt64.self).map { (number, .fixed64($0)) } ?? malformed()
        case 5: return littleEndian(UInt32.self).map { (number, .fixed32($0)) } ?? malformed()
        case 2:
            guard let length = varint(), length <= UInt64(end - position) else { return malformed() }
            let start = position
            position += Int(length)
            return (number, .bytes(start..<position))
        default: return malformed()
        }
    }

    private mutating func malformed() -> (number: Int, field: Field)? {
        isMalformed = true
        return nil
    }

    private mutating func littleEndian<Number: FixedWidthInteger>(_: Number.Type) -> Number? {
        let width = MemoryLayout<Number>.size
        guard end - position >= width else { return nil }
        let number = bytes.loadUnaligned(fromByteOffset: position, as: Number.self)
        position += width
        return Number(littleEndian: number)
    }

    /// The next of numbers that are packed one after another; `nil` at the end.
    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard position < end else { return nil }
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}
