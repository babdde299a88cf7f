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
            "input 'b' batch size does not match other inputs for 'm': got 3 and 2; rows of its requests are joined, 'batching: none' in its model.yaml lets inputs differ"
        ),
        (
            "no rows", [makeTensor("a", .float32, [0, 4]), makeTensor("b", .int64, [0, 7])],
            "a request for model 'm' must have at least one row, got shape [0,4]"
        ),
        (
            "a claim of rows beyond all bounds",
            [makeTensor("a", .float32, [.max, 4]), makeTensor("b", .int64, [.max, 1])],
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

    private static func one(_ specification: TensorSpecification, _ second: TensorSpecification? = nil)
        -> ModelSignature
    {
        ModelSignature(
            inputs: [specification] + (second.map { [$0] } ?? []), outputs: [], maximumBatchSize: nil)
    }

    private func violation(_ signature: ModelSignature, _ tensors: [Tensor]) -> String? {
        do throws(SignatureViolation) {
            try signature.validate(tensors, model: "m")
            return nil
        } catch {
            return error.description
        }
    }

    @Test("looks at no rows where the first dimension does not count them")
    func ignoresRowsWithoutBatching() throws {
        var signature = Self.signature
        signature.maximumBatchSize = nil
        try signature.validate([Self.makeTensor("a", .float32, [5, 4]), Self.b], model: "m")
    }

    @Test("an empty dimension is refused, wherever it is", arguments: [[0, 1, 3], [1, 0, 3], [0, 0, 3]] as [Shape])
    func empty(shape: Shape) {
        let signature = Self.one(TensorSpecification(name: "x", elementType: .float32, shape: [-1, -1, 3]))
        let text = violation(signature, [Self.makeTensor("x", .float32, shape)])
        #expect(text?.contains("input 'x' for model 'm' is empty") == true)
        #expect(text?.contains("may_be_empty: true") == true)
    }

    @Test("an empty dimension is taken where the model has it, or its file says so")
    func declaredEmpty() {
        let fixed = Self.one(TensorSpecification(name: "x", elementType: .float32, shape: [2, 0]))
        #expect(violation(fixed, [Self.makeTensor("x", .float32, [2, 0])]) == nil)
        let declared = Self.one(
            TensorSpecification(name: "x", elementType: .float32, shape: [-1, -1], emptiness: .declared))
        #expect(violation(declared, [Self.makeTensor("x", .float32, [1, 0])]) == nil)
        let unknown = Self.one(TensorSpecification(name: "x", elementType: .float32, shape: [], rank: .unknown))
        #expect(violation(unknown, [Self.makeTensor("x", .float32, [3, 0])])?.contains("is empty") == true)
    }

    @Test("an unknown shape is any but a scalar")
    func unknownRank() {
        let unknown = Self.one(TensorSpecification(name: "x", elementType: .float32, shape: [], rank: .unknown))
        for shape in [[1], [2, 3, 4]] as [Shape] {
            #expect(violation(unknown, [Self.makeTensor("x", .float32, shape)]) == nil)
        }
        let text = violation(unknown, [Self.makeTensor("x", .float32, [])])
        #expect(text?.contains("the model's file gives no shape") == true)
        let scalar = Self.one(TensorSpecification(name: "x", elementType: .float32, shape: []))
        #expect(violation(scalar, [Self.makeTensor("x", .float32, [])]) == nil)
    }

    @Test("dimensions of one name are one size")
    func equalNames() {
        func port(_ name: String) -> TensorSpecification {
            TensorSpecification(name: name, elementType: .float32, shape: [-1, -1], axisNames: ["batch", "length"])
        }
        let signature = Self.one(port("atoms"), port("neighbours"))
        let atoms = Self.makeTensor("atoms", .float32, [1, 5])
        #expect(violation(signature, [atoms, Self.makeTensor("neighbours", .float32, [1, 5])]) == nil)
        #expect(
            violation(signature, [atoms, Self.makeTensor("neighbours", .float32, [1, 4])])
                == "the inputs for model 'm' differ in 'length': dimension 1 of 'atoms' is 5, dimension 1 of 'neighbours' is 4; both are one size"
        )
    }
}
