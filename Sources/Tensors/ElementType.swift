/// The element types of Open Inference Protocol V2, with Triton's BF16.
///
/// The raw value is the code on Spate's own wire and never changes its meaning.
package enum ElementType: UInt8, Sendable, CaseIterable {
    case bool = 1
    case uint8 = 2
    case uint16 = 3
    case uint32 = 4
    case uint64 = 5
    case int8 = 6
    case int16 = 7
    case int32 = 8
    case int64 = 9
    case float16 = 10
    case float32 = 11
    case float64 = 12
    case bytes = 13
    case bfloat16 = 14

    /// Bytes per element; `nil` for `bytes`, whose elements carry their own length.
    package var byteWidth: Int? {
        switch self {
        case .bool, .uint8, .int8: 1
        case .uint16, .int16, .float16, .bfloat16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        case .bytes: nil
        }
    }

    /// The protocol's name, for example `FP32`.
    package var name: String {
        switch self {
        case .bool: "BOOL"
        case .uint8: "UINT8"
        case .uint16: "UINT16"
        case .uint32: "UINT32"
        case .uint64: "UINT64"
        case .int8: "INT8"
        case .int16: "INT16"
        case .int32: "INT32"
        case .int64: "INT64"
        case .float16: "FP16"
        case .float32: "FP32"
        case .float64: "FP64"
        case .bytes: "BYTES"
        case .bfloat16: "BF16"
        }
    }

    /// The type with the protocol's `name` (case-sensitive), or `nil`.
    package init?(name: some StringProtocol) {
        guard let match = Self.byName[String(name)] else { return nil }
        self = match
    }

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.name, $0) })
}
