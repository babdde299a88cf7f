import NIOCore
import Tensors

/// Compares what a row gave in two runs.
enum RowComparison {
    /// How far a number may be off: different numbers of rows take different kernels, whose sums round differently.
    static let tolerance: Float = 1e-5

    enum Strictness {
        /// Within 1e-5 of the larger of the two, or of the largest number of the row where sums have cancelled; types of 16
        /// bits within their own last digit; everything but floating-point numbers equal.
        case rounding
        /// Bit for bit: runs of one shape take the same kernels.
        case bits
    }

    /// What differs, in words; `nil` where nothing does.
    static func difference(_ one: Tensor, _ other: Tensor, _ strictness: Strictness) -> String? {
        guard one.elementType == other.elementType, one.shape == other.shape else {
            return "output '\(one.name)' has the shape \(one.shape) by itself and \(other.shape) beside others"
        }
        if one.bytes == other.bytes { return nil }
        let told = "output '\(one.name)' of a row is another by itself than beside others"
        guard strictness == .rounding, let numbers = Numbers(one), let others = Numbers(other) else { return told }
        let precision = max(tolerance, Float(numbers.lastDigit))
        let scale = numbers.largest
        for index in 0..<numbers.count {
            let (a, b) = (numbers[index], others[index])
            if a == b || (a.isNaN && b.isNaN) { continue }
            let bound = Double(precision) * max(abs(a), abs(b), scale)
            guard a.isFinite, b.isFinite, abs(a - b) <= bound else { return "\(told) (\(Float(a)) and \(Float(b)))" }
        }
        return nil
    }

    /// Whether any number is finite; true for what are no floating-point numbers.
    static func saysSomething(_ tensor: Tensor) -> Bool {
        guard let numbers = Numbers(tensor) else { return true }
        return numbers.count == 0 || (0..<numbers.count).contains { numbers[$0].isFinite }
    }

    static func isFloatingPoint(_ type: ElementType) -> Bool {
        switch type {
        case .float16, .bfloat16, .float32, .float64: true
        case .bool, .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64, .bytes: false
        }
    }
}

/// The floating-point numbers of a tensor.
private struct Numbers {
    let count: Int
    private let type: ElementType
    private let bytes: ByteBuffer
    private let width: Int

    init?(_ tensor: Tensor) {
        guard RowComparison.isFloatingPoint(tensor.elementType), let width = tensor.elementType.byteWidth else {
            return nil
        }
        type = tensor.elementType
        bytes = tensor.bytes
        self.width = width
        count = tensor.bytes.readableBytes / width
    }

    subscript(index: Int) -> Double {
        let place = bytes.readerIndex + index * width
        switch type {
        case .float16: return Double(HalfFloat.value(of: bits(place, UInt16.self)))
        case .bfloat16: return Double(Float(bitPattern: UInt32(bits(place, UInt16.self)) << 16))
        case .float64: return Double(bitPattern: bits(place, UInt64.self))
        default: return Double(Float(bitPattern: bits(place, UInt32.self)))
        }
    }

    private func bits<T: FixedWidthInteger>(_ place: Int, _: T.Type) -> T {
        bytes.getInteger(at: place, endianness: .little, as: T.self) ?? 0
    }

    /// One unit in the last place, relative.
    var lastDigit: Double {
        switch type {
        case .float16: 1.0 / 1_024
        case .bfloat16: 1.0 / 128
        default: 0
        }
    }

    /// The largest finite magnitude.
    var largest: Double {
        (0..<count).reduce(0) { largest, index in
            let size = abs(self[index])
            return size.isFinite ? max(largest, size) : largest
        }
    }
}
