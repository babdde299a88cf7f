import Tensors

/// ONNX Runtime's numbers for element types (its `ONNXTensorElementDataType`) and back.
enum ONNXElementType {
    static let string: Int32 = 8

    static func code(_ type: ElementType) -> Int32 {
        switch type {
        case .float32: 1
        case .uint8: 2
        case .int8: 3
        case .uint16: 4
        case .int16: 5
        case .int32: 6
        case .int64: 7
        case .bytes: string
        case .bool: 9
        case .float16: 10
        case .float64: 11
        case .uint32: 12
        case .uint64: 13
        case .bfloat16: 16
        }
    }

    /// `nil` for types that V2 does not have (complex, 8-bit floats, 4-bit integers).
    static func elementType(_ code: Int32) -> ElementType? {
        ElementType.allCases.first { self.code($0) == code }
    }
}
