import Tensors
import Testing

@Suite struct JoiningTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var inputs: [TensorSpecification]
        var outputs: [TensorSpecification]
        var operators: String?
        /// In the reason of a model that is not joined; `nil`: the load has to prove it.
        var text: String?
    }

    static func port(_ name: String, _ shape: Shape, _ axes: [String?] = []) -> TensorSpecification {
        TensorSpecification(name: name, elementType: .float32, shape: shape, axisNames: axes)
    }

    static let cases = [
        Case(
            testDescription: "one name", inputs: [port("x", [-1, 4], ["batch", nil])],
            outputs: [port("y", [-1, 2], ["batch", nil])]),
        Case(testDescription: "no names", inputs: [port("x", [-1, 4])], outputs: [port("y", [-1])]),
        Case(
            testDescription: "a name that only the output has", inputs: [port("x", [-1, 4], ["batch", nil])],
            outputs: [port("y", [-1, 2], ["count", nil])]),
        Case(
            testDescription: "a name and none", inputs: [port("a", [-1, 4], ["batch", nil]), port("b", [-1, 4])],
            outputs: [port("y", [-1, 2])]),
        Case(
            testDescription: "inputs that begin with axes of different names",
            inputs: [port("image", [-1, 4], ["images", nil]), port("text", [-1, 4], ["texts", nil])],
            outputs: [port("y", [-1, -1], ["images", "texts"])],
            text: "inputs 'image' and 'text' begin with axes of different names, 'images' and 'texts'"),
        Case(
            testDescription: "an output that begins with another axis of an input",
            inputs: [port("x", [-1, -1, 4], ["batch", "time", nil])],
            outputs: [port("y", [-1, -1, 4], ["time", "batch", nil])],
            text: "output 'y' begins with 'time', which is axis 1 of input 'x'"),
        Case(
            testDescription: "rows against rows", inputs: [port("x", [-1, 4], ["n", nil])],
            outputs: [port("y", [-1, -1], ["n", "n"])], text: "axis 1 of output 'y' is 'n'"),
        Case(
            testDescription: "a fixed input", inputs: [port("x", [1, 4])], outputs: [port("y", [-1])],
            text: "input 'x' of shape [1,4] has no free first dimension"),
        Case(
            testDescription: "a fixed output", inputs: [port("x", [-1, 4])], outputs: [port("y", [1])],
            text: "output 'y' of shape [1] has no free first dimension"),
        Case(
            testDescription: "an input of which nothing is known",
            inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [], rank: .unknown)],
            outputs: [port("y", [-1])], text: "gives no shape for input 'x'"),
        Case(
            testDescription: "an output of which nothing is known", inputs: [port("x", [-1])],
            outputs: [TensorSpecification(name: "y", elementType: .float32, shape: [], rank: .unknown)]),
        Case(
            testDescription: "operators", inputs: [port("x", [-1])], outputs: [port("y", [-1])],
            operators: "it draws lots", text: "it draws lots"),
        Case(testDescription: "no input", inputs: [], outputs: [port("y", [-1])], text: "takes no input"),
    ]

    @Test("without a word, rows are joined on no guess: names and shapes can only speak against it", arguments: cases)
    func outlook(row: Case) {
        let outlook = JoiningOutlook(
            wish: .proven, inputs: row.inputs, outputs: row.outputs, operators: row.operators)
        guard let text = row.text else {
            #expect(outlook == .open)
            return
        }
        #expect(!outlook.joinsRows && outlook != .open)
        #expect(outlook.reason.contains(text), "\(outlook.reason)")
    }

    @Test("'rows' is taken at its word where shapes allow it, 'none' always", arguments: cases)
    func asked(row: Case) {
        func decided(_ wish: JoiningWish) -> JoiningOutlook {
            JoiningOutlook(wish: wish, inputs: row.inputs, outputs: row.outputs, operators: row.operators)
        }
        #expect(decided(.none) == .settled(.none(.asked)))
        let isShape =
            row.inputs.isEmpty || !(row.inputs.allSatisfy { $0.shape.dimensions.first == -1 })
            || !row.outputs.allSatisfy(\.mayCountRows)
        #expect(decided(.rows).joinsRows == !isShape)
        if isShape { #expect(decided(.rows).reason.contains("'batching: rows' cannot be")) }
    }

    @Test("placeholders of exporters are no names", arguments: ["", "?", "None", "-1", "unk__17", "Unknown"])
    func placeholders(name: String) { #expect(TensorSpecification.axisName(written: name) == nil) }

    @Test("names are", arguments: ["batch", "N", "s0", "unk__batch", "None_2"])
    func names(name: String) { #expect(TensorSpecification.axisName(written: name) == name) }
}
