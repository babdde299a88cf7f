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

/// What an input or output is, in words for people.
enum ONNXTypeName {
    /// By the number of `TensorProto.DataType`, which is the runtime's own.
    static func tensor(of code: Int32) -> String {
        let name =
            switch code {
            case 0: "no element type"
            case 14: "COMPLEX64"
            case 15: "COMPLEX128"
            case 17: "FLOAT8E4M3FN"
            case 18: "FLOAT8E4M3FNUZ"
            case 19: "FLOAT8E5M2"
            case 20: "FLOAT8E5M2FNUZ"
            case 21: "UINT4"
            case 22: "INT4"
            case 23: "FLOAT4E2M1"
            default: ONNXElementType.elementType(code)?.name ?? "the unknown element type \(code)"
            }
        return "a tensor of \(name)"
    }

    /// By the field of `TypeProto` that is set.
    static func type(field: Int) -> String {
        switch field {
        case 4: "a sequence"
        case 5: "a map"
        case 7: "opaque"
        case 8: "a sparse tensor"
        case 9: "an optional"
        default: "of an unknown type"
        }
    }

    /// By the runtime's `ONNXType`.
    static func type(kind: Int32) -> String {
        switch kind {
        case 2: "a sequence"
        case 3: "a map"
        case 4: "opaque"
        case 5: "a sparse tensor"
        case 6: "an optional"
        default: "of an unknown type"
        }
    }
}
