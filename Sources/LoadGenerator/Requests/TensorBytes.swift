import JSON
import Tensors

/// Turns JSON values into the bytes of a tensor, and the bytes of an answer into numbers.
enum TensorBytes {
    /// The little-endian bytes of `values`; `nil` if one of them is not of the type or out of its range. FP16 and BF16 have
    /// no JSON form.
    static func encode(_ values: [JSONValue], as type: ElementType) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * (type.byteWidth ?? 8))
        for value in values {
            guard append(value, as: type, to: &bytes) else { return nil }
        }
        return bytes
    }

    private static func append(_ value: JSONValue, as type: ElementType, to bytes: inout [UInt8]) -> Bool {
        func integer<Integer: FixedWidthInteger>(_: Integer.Type) -> Bool {
            let exact: Integer? =
                switch value {
                case .integer(let number): Integer(exactly: number)
                case .number(let number): Integer(exactly: number)
                default: nil
                }
            guard let exact else { return false }
            withUnsafeBytes(of: exact.littleEndian) { bytes.append(contentsOf: $0) }
            return true
        }
        switch type {
        case .bool:
            guard case .bool(let flag) = value else { return false }
            bytes.append(flag ? 1 : 0)
            return true
        case .uint8: return integer(UInt8.self)
        case .uint16: return integer(UInt16.self)
        case .uint32: return integer(UInt32.self)
        case .uint64: return integer(UInt64.self)
        case .int8: return integer(Int8.self)
        case .int16: return integer(Int16.self)
        case .int32: return integer(Int32.self)
        case .int64: return integer(Int64.self)
        case .float32:
            guard let number = value.double, Float(number).isFinite else { return false }
            withUnsafeBytes(of: Float(number).bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            return true
        case .float64:
            guard let number = value.double else { return false }
            withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
            return true
        case .bytes:
            guard let text = value.string else { return false }
            withUnsafeBytes(of: UInt32(clamping: text.utf8.count).littleEndian) { bytes.append(contentsOf: $0) }
            bytes.append(contentsOf: text.utf8)
            return true
        case .float16, .bfloat16: return false
        }
    }

    /// The elements of `bytes` as numbers; `nil` if they are not whole elements, or the type holds no numbers.
    static func numbers(_ bytes: some Collection<UInt8>, as type: ElementType) -> [Double]? {
        guard let width = type.byteWidth, bytes.count % width == 0 else { return nil }
        var iterator = bytes.makeIterator()
        return (0..<(bytes.count / width)).map { _ in
            var bits: UInt64 = 0
            for index in 0..<width { bits |= UInt64(iterator.next() ?? 0) << UInt64(8 * index) }
            return number(bits, as: type)
        }
    }

    private static func number(_ bits: UInt64, as type: ElementType) -> Double {
        switch type {
        case .bool: bits == 0 ? 0 : 1
        case .uint8, .uint16, .uint32, .uint64, .bytes: Double(bits)
        case .int8: Double(Int8(truncatingIfNeeded: bits))
        case .int16: Double(Int16(truncatingIfNeeded: bits))
        case .int32: Double(Int32(truncatingIfNeeded: bits))
        case .int64: Double(Int64(bitPattern: bits))
        case .float32: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
        case .float64: Double(bitPattern: bits)
        case .bfloat16: Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits) << 16))
        case .float16: halfPrecision(UInt16(truncatingIfNeeded: bits))
        }
    }

    /// IEEE 754 binary16 as a `Double`, exact.
    private static func halfPrecision(_ bits: UInt16) -> Double {
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Double(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * 0x1p-24
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * Double(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    /// The elements of a BYTES tensor; `nil` if a length does not fit.
    static func texts(_ bytes: some Collection<UInt8>) -> [String]? {
        var rest = bytes[...]
        var texts: [String] = []
        while !rest.isEmpty {
            guard rest.count >= 4 else { return nil }
            let length = rest.prefix(4).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { return nil }
            texts.append(String(decoding: rest.prefix(length), as: UTF8.self))
            rest = rest.dropFirst(length)
        }
        return texts
    }
}
