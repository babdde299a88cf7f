/// What readers of JSON have in common.
@usableFromInline package enum JSONGrammar {
    @inline(__always)
    @inlinable package static func skipSpace(_ bytes: UnsafeRawBufferPointer, from position: Int, end: Int) -> Int {
        var position = position
        while position < end {
            let byte = bytes[position]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            position += 1
        }
        return position
    }

    @inline(__always)
    @inlinable package static func endsScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x0A, 0x0D, 0x09: true
        default: false
        }
    }
}
