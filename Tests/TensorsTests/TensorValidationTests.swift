import NIOCore
import Tensors
import Testing

@Suite struct TensorValidationTests {
    private static let rows: [(name: String, type: ElementType, shape: Shape, bytes: [UInt8], error: String?)] = [
        ("a scalar", .int16, [], [1, 2], nil),
        ("no elements", .float64, [3, 0], [], nil),
        ("no BYTES elements", .bytes, [0], [], nil),
        ("BOOL of 0 and 1", .bool, [2], [0, 1], nil),
        ("BYTES, one empty", .bytes, [2], [0, 0, 0, 0, 1, 0, 0, 0, 65], nil),
        ("BOOL of 2", .bool, [2], [0, 2], "neither 0 nor 1"),
        ("one byte short", .float32, [1], [0, 0, 0], "has 3 bytes; shape [1] of FP32 needs 4"),
        ("one byte long", .int8, [1], [0, 0], "has 2 bytes; shape [1] of INT8 needs 1"),
        ("a negative dimension", .int8, [-1], [0], "must not be negative"),
        ("a negative dimension beside an empty one", .int8, [0, -1], [], "must not be negative"),
        ("more bytes than Int counts", .int64, [1 << 61], [], "too many"),
        ("more elements than Int counts", .int8, [1 << 40, 1 << 40], [], "above 2^63"),
        ("a BYTES element too many", .bytes, [1], [0, 0, 0, 0, 0, 0, 0, 0], "exactly 1 elements"),
        ("a BYTES element too few", .bytes, [2], [0, 0, 0, 0], "exactly 2 elements"),
        ("a BYTES element beyond the end", .bytes, [1], [2, 0, 0, 0, 65], "exactly 1 elements"),
        ("a BYTES length beyond the end", .bytes, [1], [0xFF, 0xFF, 0xFF, 0xFF], "exactly 1 elements"),
        ("a BYTES length cut", .bytes, [1], [0, 0], "exactly 1 elements"),
    ]

    @Test("checks the bytes against type and shape", arguments: rows.indices)
    func validates(row: Int) {
        let (name, type, shape, bytes, expected) = Self.rows[row]
        let tensor = Tensor(name: "x", elementType: type, shape: shape, bytes: ByteBuffer(bytes: bytes))
        var found: String?
        do throws(TensorError) { try tensor.validate() } catch { found = error.description }
        #expect((found == nil) == (expected == nil), "\(name): \(found ?? "valid")")
        if let expected { #expect(found?.contains(expected) == true, "\(name): \(found ?? "valid")") }
    }

    @Test(
        "counts elements, or says that the shape is impossible",
        arguments: [
            ([], 1), ([0], 0), ([2, 3], 6), ([.max], .max), ([.max, 2], nil), ([-1], nil), ([.max, .max, 0], 0),
            ([0, -1], nil),
        ] as [([Int], Int?)])
    func countsElements(dimensions: [Int], expected: Int?) { #expect(Shape(dimensions).elementCount == expected) }

    @Test("keeps the codes and names of element types, which are on the wire")
    func keepsCodes() {
        let names = [
            "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64", "FP16", "FP32", "FP64",
            "BYTES", "BF16",
        ]
        #expect(ElementType.allCases.map(\.name) == names)
        #expect(ElementType.allCases.map(\.rawValue) == Array(1...14))
        for name in names { #expect(ElementType(name: name)?.name == name) }
        #expect(ElementType(name: "fp32") == nil)
    }
}
