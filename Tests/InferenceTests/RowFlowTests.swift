import TestSupport
import Testing

@testable import Inference

/// What the graph alone says, without a run.
@Suite struct RowFlowTests {
    private typealias Node = MadeModel.Node

    private func obstacle(_ model: MadeModel) throws -> String? {
        try model.bytes.withUnsafeBytes { bytes in
            let read = try #require(ONNXGraph.read(bytes: bytes))
            return RowFlow.obstacle(read.graph, functions: read.functions, versions: read.versions)
        }
    }

    @Test("shows that rows are independent", arguments: ModelKind.independent.map(\.name))
    func independent(name: String) throws {
        let kind = try #require(ModelKind.all.first { $0.name == name })
        #expect(try obstacle(kind.model) == nil)
    }

    @Test("shows it of nothing that mixes rows, whatever its numbers", arguments: ModelKind.dependent.map(\.name))
    func dependent(name: String) throws {
        let kind = try #require(ModelKind.all.first { $0.name == name })
        #expect(try obstacle(kind.model) != nil)
    }

    @Test("shapes that double from node to node", .timeLimit(.minutes(1)), arguments: ["Gather", "Concat"])
    func doubling(type: String) throws {
        let nodes = (0..<64).map { index in
            MadeModel.Node(
                type, ["v\(index)", "v\(index)"], ["v\(index + 1)"], type == "Concat" ? [("axis", .integer(0))] : [])
        }
        let start: MadeModel.Node =
            type == "Concat" ? .init("Shape", ["w"], ["v0"]) : .init("Identity", ["w"], ["v0"])
        let model = MadeModel(
            [start] + nodes + [.init("Relu", ["x"], ["y"])], inputs: [.init("x", ["batch", 4])],
            outputs: [.init("y", ["batch", 4])], weights: [.integers("w", [2, 2], [0, 1, 0, 1])])
        // As many axes as no value has; a list as long as no shape is a list of numbers that nobody follows.
        #expect(try (obstacle(model) != nil) == (type == "Gather"))
    }

    struct Step: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var nodes: [MadeModel.Node]
        var obstacle: String?
        var axes: [MadeModel.Axis] = ["batch", 4, 6]

        init(_ name: String, _ nodes: [MadeModel.Node], _ obstacle: String? = nil) {
            testDescription = name
            self.nodes = nodes
            self.obstacle = obstacle
        }
    }

    /// From `x [batch, 4, 6]` to `y`.
    static let steps = [
        Step("a softmax along a row", [MadeModel.Node("Softmax", ["x"], ["y"], [("axis", .integer(-1))])]),
        Step(
            "a softmax along the rows", [MadeModel.Node("Softmax", ["x"], ["y"], [("axis", .integer(-3))])],
            "Softmax takes the rows of a run together"),
        Step("a product from the right", [MadeModel.Node("MatMul", ["x", "six"], ["y"])]),
        Step("a product from the left, within each row", [MadeModel.Node("MatMul", ["four", "x"], ["y"])]),
        Step(
            "a product over rows",
            [
                MadeModel.Node("Transpose", ["x"], ["t"], [("perm", .integers([1, 2, 0]))]),
                MadeModel.Node("MatMul", ["t", "x"], ["y"]),
            ], "MatMul"),
        Step(
            "rows there and back",
            [
                MadeModel.Node("Transpose", ["x"], ["t"], [("perm", .integers([2, 0, 1]))]),
                MadeModel.Node("Relu", ["t"], ["r"]),
                MadeModel.Node("Transpose", ["r"], ["y"], [("perm", .integers([1, 2, 0]))]),
            ]),
        Step(
            "rows at another place", [MadeModel.Node("Transpose", ["x"], ["y"], [("perm", .integers([1, 0, 2]))])],
            "does not begin with the rows"),
        Step("all of a row in one", [MadeModel.Node("Flatten", ["x"], ["y"], [("axis", .integer(1))])]),
        Step(
            "each row in four", [MadeModel.Node("Flatten", ["x"], ["y"], [("axis", .integer(2))])],
            "another number of rows"),
        Step(
            "four, and together again",
            [
                MadeModel.Node("Flatten", ["x"], ["f"], [("axis", .integer(2))]),
                MadeModel.Node("Relu", ["f"], ["r"]), MadeModel.Node("Reshape", ["r", "back"], ["y"]),
            ]),
        Step(
            "an operator that nobody knows", [MadeModel.Node("Nobody", ["x"], ["y"], domain: "n")],
            "Nobody is not known"),
        Step(
            "an operator that nobody knows, of weights alone",
            [MadeModel.Node("Nobody", ["six"], ["w"], domain: "n"), MadeModel.Node("Mul", ["x", "x"], ["y"])]),
        Step(
            "the number of rows as a number",
            [
                MadeModel.Node("Shape", ["x"], ["s"], [("end", .integer(1))]),
                MadeModel.Node("Cast", ["s"], ["n"], [("to", .integer(1))]), MadeModel.Node("Div", ["x", "n"], ["y"]),
            ], "takes the number of rows as a number"),
        Step(
            "the length of a row as a number",
            [
                MadeModel.Node("Shape", ["x"], ["s"], [("start", .integer(1)), ("end", .integer(2))]),
                MadeModel.Node("Cast", ["s"], ["n"], [("to", .integer(1))]), MadeModel.Node("Div", ["x", "n"], ["y"]),
            ]),
        Step("columns more", [MadeModel.Node("Pad", ["x", "columns"], ["y"])]),
        Step(
            "columns more, and all of a row in one again",
            [
                MadeModel.Node("Pad", ["x", "columns"], ["p"]), MadeModel.Node("Reshape", ["p", "line"], ["l"]),
                MadeModel.Node("Concat", ["l", "l"], ["y"], [("axis", .integer(1))]),
            ]),
        Step("rows more", [MadeModel.Node("Pad", ["x", "rows"], ["y"])], "Pad"),
        Step(
            "a row of weights before", [MadeModel.Node("Concat", ["one", "x"], ["y"], [("axis", .integer(0))])],
            "Concat"),
        Step(
            "the first row to all",
            [
                MadeModel.Node("Gather", ["x", "nought"], ["f"]), MadeModel.Node("Add", ["x", "f"], ["y"]),
            ], "some of a run's rows"),
        Step(
            "the first column to all",
            [
                MadeModel.Node("Gather", ["x", "nought"], ["f"], [("axis", .integer(1))]),
                MadeModel.Node("Add", ["x", "f"], ["y"]),
            ]),
        Step("an answer without rows", [MadeModel.Node("Relu", ["six"], ["y"])], "has no part for each row"),
    ]

    @Test("goes by what an operator does with the axis of the rows", arguments: steps)
    func step(step: Step) throws {
        let model = MadeModel(
            step.nodes, inputs: [.init("x", ["batch", 4, 6])], outputs: [.init("y", nil)],
            weights: [
                .floats("six", [6, 6], Array(repeating: 1, count: 36)),
                .floats("four", [4, 4], Array(repeating: 1, count: 16)),
                .floats("one", [1, 4, 6], Array(repeating: 1, count: 24)), .integers("nought", [1], [0]),
                .integers("back", [3], [-1, 4, 6]), .integers("line", [2], [-1, 35]),
                .integers("columns", [6], [0, 1, 1, 0, 0, 0]),
                .integers("rows", [6], [1, 0, 0, 0, 0, 0]),
            ], domains: [("n", 1)])
        let found = try obstacle(model)
        if let expected = step.obstacle {
            #expect(found?.contains(expected) == true, "\(found ?? "nothing")")
        } else {
            #expect(found == nil)
        }
    }
}
