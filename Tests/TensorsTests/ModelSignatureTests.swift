import NIOCore
import Tensors
import Testing

@Suite struct ModelSignatureTests {
    private static let signature = ModelSignature(
        inputs: [
            TensorSpecification(name: "a", elementType: .float32, shape: [-1, 4]),
            TensorSpecification(name: "b", elementType: .int64, shape: [-1, -1]),
        ],
        outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2])], maximumBatchSize: 8)

    private static func makeTensor(_ name: String, _ type: ElementType, _ shape: Shape) -> Tensor {
        Tensor(name: name, elementType: type, shape: shape, bytes: ByteBuffer())
    }

    private static let a = makeTensor("a", .float32, [2, 4])
    private static let b = makeTensor("b", .int64, [2, 7])

    private static let rows: [(name: String, tensors: [Tensor], error: String?)] = [
        ("in order", [a, b], nil),
        ("in another order", [b, a], nil),
        (
            "more rows than one batch holds",
            [makeTensor("a", .float32, [100, 4]), makeTensor("b", .int64, [100, 7])], nil
        ),
        (
            "none", [],
            "expected 2 inputs but got 0 inputs for model 'm'. Got input(s) [], but missing required input(s) ['a','b']. Please provide all required input(s)."
        ),
        (
            "one missing", [a],
            "expected 2 inputs but got 1 inputs for model 'm'. Got input(s) ['a'], but missing required input(s) ['b']. Please provide all required input(s)."
        ),
        (
            "one too many", [a, b, makeTensor("x", .bool, [1])],
            "unexpected inference input 'x' for model 'm'; it takes ['a','b']"
        ),
        ("one twice", [a, a], "input 'a' is given twice for model 'm'"),
        (
            "another type", [a, makeTensor("b", .int32, [2, 7])],
            "inference input 'b' data-type is 'INT32', but model 'm' expects 'INT64'"
        ),
        (
            "another dimension", [makeTensor("a", .float32, [1, 5]), b],
            "unexpected shape for input 'a' for model 'm'. Expected [-1,4], got [1,5]."
        ),
        (
            "another rank", [makeTensor("a", .float32, [4]), b],
            "unexpected shape for input 'a' for model 'm'. Expected [-1,4], got [4]."
        ),
        (
            "a negative dimension", [makeTensor("a", .float32, [-1, 4]), b],
            "unexpected shape for input 'a' for model 'm'. Expected [-1,4], got [-1,4]."
        ),
        (
            "rows that differ", [a, makeTensor("b", .int64, [3, 7])],
            "input 'b' batch size does not match other inputs for 'm': got 3 and 2"
        ),
        (
            "no rows", [makeTensor("a", .float32, [0, 4]), makeTensor("b", .int64, [0, 7])],
            "a request for model 'm' must have at least one row, got shape [0,4]"
        ),
        (
            "a claim of rows that hold nothing",
            [makeTensor("a", .float32, [.max, 4]), makeTensor("b", .int64, [.max, 0])],
            "inference request batch-size must be <= 1048576 for 'm', got 9223372036854775807"
        ),
    ]

    @Test("checks inputs, in Triton's words", arguments: rows.indices)
    func validates(row: Int) {
        let (name, tensors, expected) = Self.rows[row]
        var found: String?
        do throws(SignatureViolation) {
            try Self.signature.validate(tensors, model: "m")
        } catch {
            found = error.description
        }
        #expect(found == expected, "\(name)")
    }

    @Test("looks at no rows where the first dimension does not count them")
    func ignoresRowsWithoutBatching() throws {
        var signature = Self.signature
        signature.maximumBatchSize = nil
        try signature.validate([Self.makeTensor("a", .float32, [0, 4]), Self.b], model: "m")
        #expect(signature.inputs.first?.accepts([0, 4]) == true)
    }
}
