import Tensors
import Testing

@Suite struct DeclaredSignatureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var declared: Shape
        var own: Shape
        /// Whether rows can share a run; `nil`: a conflict.
        var batches: Bool?
        var testDescription: String { name }
    }

    private func signature(_ shape: Shape) -> ModelSignature {
        let batches = shape.dimensions.first == -1
        return ModelSignature(
            inputs: [TensorSpecification(name: "x", elementType: .float32, shape: shape)],
            outputs: [TensorSpecification(name: "y", elementType: .float32, shape: shape)],
            maximumBatchSize: batches ? 8 : nil)
    }

    @Test(
        "a declaration may narrow what the model takes, and nothing else",
        arguments: [
            Case(name: "the same", declared: [-1, 4], own: [-1, 4], batches: true),
            Case(name: "a free width fixed", declared: [-1, 4], own: [-1, -1], batches: true),
            Case(name: "a sequence, not rows", declared: [16, 4], own: [-1, 4], batches: false),
            Case(name: "no batches in the model", declared: [1, 4], own: [1, 4], batches: false),
            Case(name: "free where the model is fixed", declared: [-1, 4], own: [1, 4], batches: nil),
            Case(name: "rows of a scalar", declared: [-1, 4], own: [], batches: nil),
            Case(name: "another width", declared: [-1, 5], own: [-1, 4], batches: nil),
            Case(name: "another rank", declared: [-1, 4, 1], own: [-1, 4], batches: nil),
        ])
    func narrows(row: Case) throws {
        let declared = signature(row.declared)
        guard let batches = row.batches else {
            #expect(throws: SignatureViolation.self) { try declared.declared(over: signature(row.own)) }
            return
        }
        let served = try declared.declared(over: signature(row.own))
        #expect(served.inputs == declared.inputs && served.outputs == declared.outputs)
        #expect(served.maximumBatchSize == (batches ? 8 : nil))
    }

    @Test("names and types must be the model's; an output may be left out")
    func ports() throws {
        let own = signature([-1, 4])
        var renamed = own
        renamed.inputs[0].name = "z"
        #expect(throws: SignatureViolation.self) { try renamed.declared(over: own) }
        var retyped = own
        retyped.outputs[0].elementType = .int64
        let error = #expect(throws: SignatureViolation.self) { try retyped.declared(over: own) }
        #expect(error?.description == "output 'y' is declared as INT64, but the model's is FP32")
        var larger = own
        larger.outputs.append(TensorSpecification(name: "score", elementType: .float32, shape: [-1, 1]))
        #expect(try own.declared(over: larger) == own)
    }

    @Test("an output that is left out and has no rows keeps requests apart: it is not split")
    func outputWithoutRows() throws {
        let declared = signature([-1, 4])
        var own = declared
        own.outputs.append(TensorSpecification(name: "loss", elementType: .float32, shape: []))
        #expect(try declared.declared(over: own).maximumBatchSize == nil)
    }

    @Test("a model that gives no shape takes the declared one")
    func unknownRank() throws {
        let declared = signature([-1, 4])
        var own = signature([])
        own.inputs[0].rank = .unknown
        own.outputs[0].rank = .unknown
        #expect(try declared.declared(over: own).maximumBatchSize == 8)
    }

    @Test("an output that the model fixes can be declared free: exporters write the 1 that they have tried")
    func freedOutput() throws {
        let declared = signature([-1, 4])
        var own = declared
        own.outputs[0].shape = [1, 4]
        #expect(try declared.declared(over: own).maximumBatchSize == 8)
    }

    @Test("dimensions that stay free keep the names that the model has for them")
    func names() throws {
        var own = signature([-1, -1])
        own.inputs[0].axisNames = ["batch", "width"]
        let served = try signature([-1, 4]).declared(over: own)
        #expect(served.inputs.map(\.axisNames) == [["batch", nil]])
    }
}
