import NIOCore
import Random
import Tensors

/// Rows of small values that differ from each other, the same at every start.
struct MadeUpRows: Sendable {
    /// What the values are like. Models take some of them only: indices below a bound, texts that are numbers.
    enum Kind: Sendable, CaseIterable {
        /// Numbers of both signs around 0; integers 0 to 7; words.
        case mixed
        /// Whole numbers 0 to 2; texts that are numbers.
        case counts
        /// Numbers in (0, 1]; integers 0 and 1.
        case fractions
        /// Numbers of both signs from a thousandth to a million; integers from -1,000 to 1,000.
        case wide
        /// Floating-point numbers as `mixed`, integers all the same: of which only one is allowed.
        case constants
        /// NaN for floating-point numbers; else as `mixed`.
        case missing

        func isAllowed(_ values: OperatorEvidence.Values) -> Bool {
            switch self {
            case .mixed, .counts, .fractions, .constants: true
            case .wide, .missing: values == .any
            }
        }
    }

    let signature: ModelSignature
    /// The least integer: 1 where 0 may be a divisor.
    private let least: Int

    init(_ signature: ModelSignature, values: OperatorEvidence.Values) {
        self.signature = signature
        least = values == .smallPositive ? 1 : 0
    }

    /// The row `number`, as inputs whose first dimension is 1.
    func row(_ number: Int, _ kind: Kind, _ sizes: MadeUpSizes) -> [Tensor] {
        signature.inputs.enumerated().map { index, port in
            var dimensions = sizes.shapes[index]
            if signature.rowAxes > 0 { dimensions[0] = 1 }
            let shape = Shape(dimensions)
            var bytes = ByteBuffer()
            let count = shape.elementCount ?? 0
            bytes.reserveCapacity(count * (port.elementType.byteWidth ?? 8))
            for element in 0..<count {
                var cell = Cell(row: number, input: index, element: element)
                write(&cell, kind, port.elementType, to: &bytes)
            }
            return Tensor(name: port.name, elementType: port.elementType, shape: shape, bytes: bytes)
        }
    }

    private func write(_ cell: inout Cell, _ kind: Kind, _ type: ElementType, to bytes: inout ByteBuffer) {
        switch type {
        case .bool: bytes.writeInteger(UInt8(cell.isFirst ? cell.row & 1 : cell.below(2)))
        case .int8: bytes.writeInteger(Int8(clamping: integer(&cell, kind, lowest: -100)), endianness: .little)
        case .int16: bytes.writeInteger(Int16(clamping: integer(&cell, kind, lowest: -1_000)), endianness: .little)
        case .int32: bytes.writeInteger(Int32(clamping: integer(&cell, kind, lowest: -1_000)), endianness: .little)
        case .int64: bytes.writeInteger(Int64(integer(&cell, kind, lowest: -1_000)), endianness: .little)
        case .uint8: bytes.writeInteger(UInt8(clamping: integer(&cell, kind, lowest: 0)), endianness: .little)
        case .uint16: bytes.writeInteger(UInt16(clamping: integer(&cell, kind, lowest: 0)), endianness: .little)
        case .uint32: bytes.writeInteger(UInt32(clamping: integer(&cell, kind, lowest: 0)), endianness: .little)
        case .uint64: bytes.writeInteger(UInt64(clamping: integer(&cell, kind, lowest: 0)), endianness: .little)
        case .float16: bytes.writeInteger(HalfFloat.bits(of: number(&cell, kind)), endianness: .little)
        case .bfloat16:
            bytes.writeInteger(UInt16(truncatingIfNeeded: number(&cell, kind).bitPattern >> 16), endianness: .little)
        case .float32: bytes.writeInteger(number(&cell, kind).bitPattern, endianness: .little)
        case .float64: bytes.writeInteger(Double(number(&cell, kind)).bitPattern, endianness: .little)
        case .bytes:
            let text = text(&cell, kind)
            bytes.writeInteger(UInt32(text.utf8.count), endianness: .little)
            bytes.writeString(text)
        }
    }

    /// Rows differ in magnitude and in mean, so that what is taken over several of them shows.
    private func number(_ cell: inout Cell, _ kind: Kind) -> Float {
        let magnitudes: [Float] = [1, 6, 0.25]
        let means: [Float] = [0.25, -0.75, 0.5]
        switch kind {
        case .mixed, .constants:
            return magnitudes[cell.row % 3] * (2 * cell.fraction() - 1) + means[cell.row % 3]
        case .counts: return Float(cell.isFirst ? cell.row % 3 : cell.below(3))
        case .fractions: return max(cell.fraction(), 0.01) * (1 - 0.2 * Float(cell.row % 3))
        case .wide:
            var size: Float = 0.001
            for _ in 0..<cell.below(10) { size *= 10 }
            return (cell.below(2) == 0 ? 1 : -1) * size * (0.5 + cell.fraction())
        case .missing: return .nan
        }
    }

    private func integer(_ cell: inout Cell, _ kind: Kind, lowest: Int) -> Int {
        switch kind {
        case .mixed, .missing: least + (cell.isFirst ? cell.row % 8 : cell.below(8))
        case .counts: least + (cell.isFirst ? cell.row % 3 : cell.below(3))
        case .fractions: least + (cell.isFirst ? cell.row % 2 : cell.below(2))
        case .wide: max(lowest, cell.below(2_001) - 1_000)
        case .constants: least
        }
    }

    /// Rows have unequal numbers of words.
    private func text(_ cell: inout Cell, _ kind: Kind) -> String {
        switch kind {
        case .counts: return "\(least + (cell.isFirst ? cell.row % 3 : cell.below(3)))"
        case .fractions: return "\(0.5 + Double(cell.below(8)))"
        case .mixed, .wide, .constants, .missing:
            let words = ["a", "red", "house", "of", "seven", "rooms", "no", "x"]
            let count = 1 + (cell.row + cell.below(3)) % 5
            return (0..<count).map { _ in words[cell.below(words.count)] }.joined(separator: " ")
        }
    }
}

/// The numbers of one element: a hash of its place, so that they need no state.
private struct Cell {
    let row: Int
    let isFirst: Bool
    private var generator: SeededGenerator

    init(row: Int, input: Int, element: Int) {
        self.row = row
        isFirst = element == 0
        var place = UInt64(truncatingIfNeeded: row) &* 0x9E37_79B9_7F4A_7C15
        place ^= UInt64(truncatingIfNeeded: input + 1) &* 0xBF58_476D_1CE4_E5B9
        place ^= UInt64(truncatingIfNeeded: element + 1) &* 0x94D0_49BB_1331_11EB
        generator = SeededGenerator(seed: place)
        _ = generator.next()
    }

    mutating func below(_ bound: Int) -> Int { Int(generator.next() >> 33) % bound }

    /// In [0, 1).
    mutating func fraction() -> Float { Float(generator.next() >> 40) / Float(1 << 24) }
}

/// FP16 in 16 bits, on machines whose compilers have no such type.
enum HalfFloat {
    /// Rounded toward zero; what is too large becomes infinity, what is too small 0.
    static func bits(of value: Float) -> UInt16 {
        let bits = value.bitPattern
        let sign = UInt16(truncatingIfNeeded: bits >> 16) & 0x8000
        if value.isNaN { return sign | 0x7E00 }
        let exponent = Int((bits >> 23) & 0xFF) - 112
        if exponent >= 31 { return sign | 0x7C00 }
        if exponent <= 0 { return sign }
        return sign | UInt16(exponent) << 10 | UInt16(truncatingIfNeeded: (bits >> 13) & 0x3FF)
    }

    static func value(of bits: UInt16) -> Float {
        let sign: Float = bits & 0x8000 == 0 ? 1 : -1
        let exponent = Int(bits >> 10) & 31
        let fraction = Float(bits & 0x3FF) / 1_024
        switch exponent {
        case 0: return sign * fraction * Float(sign: .plus, exponent: -14, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * Float(sign: .plus, exponent: exponent - 15, significand: 1 + fraction)
        }
    }
}
