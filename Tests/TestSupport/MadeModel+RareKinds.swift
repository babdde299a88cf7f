/// Models that look alike to whoever tries them: some mix rows, but only for rare values, beyond a size or far apart; the others
/// never do, though they are made of the same operators.
private typealias Node = MadeModel.Node

extension ModelKind {
    /// No made-up row can be counted on to show it: the graph has to.
    static let rarelyMixing: [ModelKind] = [
        ModelKind(
            "words padded to the longest of the run", .dependent,
            MadeModel(
                [Node("StringSplit", ["t"], ["y", "n"], [("delimiter", .text(" "))])],
                inputs: [.init("t", [.free], type: 8)], outputs: [.init("y", [.free, .free], type: 8)], version: 20),
            integers: 0
        ) { [[$0]] },
        ModelKind(
            "a label, and the greatest of all rows where it is large", .dependent,
            made(
                [
                    Node("ReduceMax", ["x"], ["m"], [("axes", .integers([0]))]), Node("Sub", ["m", "bound"], ["o"]),
                    Node("Relu", ["o"], ["r"]), Node("Sub", ["x", "r"], ["s"]),
                    Node("ArgMax", ["s"], ["y"], [("axis", .integer(1)), ("keepdims", .integer(0))]),
                ], y: [.free], weights: [.floats("bound", [1], [1_000])], output: 7)
        ) { [[$0, 4]] },
        ModelKind(
            "a little of the row four places on", .dependent,
            made(
                [
                    Node("Slice", ["x", "four", "end", "nought"], ["later"]),
                    Node("Slice", ["x", "nought", "four", "nought"], ["first"]),
                    Node("Concat", ["later", "first"], ["moved"], [("axis", .integer(0))]),
                    Node("Mul", ["moved", "little"], ["l"]), Node("Add", ["x", "l"], ["y"]),
                ],
                weights: [
                    .integers("nought", [1], [0]), .integers("four", [1], [4]), .integers("end", [1], [1 << 40]),
                    .floats("little", [1], [1e-5]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "a rare word makes all rows its own", .dependent,
            MadeModel(
                [
                    Node("Equal", ["ids", "rare"], ["is"]), Node("Cast", ["is"], ["f"], [("to", .integer(1))]),
                    Node("ReduceMax", ["f"], ["any"], [("axes", .integers([0]))]),
                    Node("Cast", ["ids"], ["n"], [("to", .integer(1))]), Node("Add", ["n", "any"], ["y"]),
                ], inputs: [.init("ids", ["batch", 3], type: 7)], outputs: [.init("y", ["batch", 3])],
                weights: [.integers("rare", [1], [3_137])])
        ) { [[$0, 3]] },
        ModelKind(
            "the sum over rows of one key", .dependent,
            made(
                [
                    Node("Slice", ["x", "nought", "one", "one"], ["key"]),
                    Node("Transpose", ["key"], ["keys"], [("perm", .integers([1, 0]))]),
                    Node("Equal", ["key", "keys"], ["same"]), Node("Cast", ["same"], ["f"], [("to", .integer(1))]),
                    Node("MatMul", ["f", "x"], ["y"]),
                ], weights: [.integers("nought", [1], [0]), .integers("one", [1], [1])])
        ) { [[$0, 4]] },
        ModelKind("another from a hundred rows on", .dependent, choosing(by: "rows", bound: 100, large: "Neg")) {
            [[$0, 5, 4]]
        },
        ModelKind(
            "the mean over rows for lengths above 16", .dependent,
            choosing(by: "length", bound: 16, large: "ReduceMean", [("axes", .integers([0]))])
        ) { [[$0, 17, 4]] },
        ModelKind(
            "nothing for anybody once one is infinite", .dependent,
            made(
                [
                    Node("IsInf", ["x"], ["i"]), Node("Cast", ["i"], ["f"], [("to", .integer(1))]),
                    Node("ReduceMax", ["f"], ["any"], [("keepdims", .integer(0))]),
                    Node("Cast", ["any"], ["is"], [("to", .integer(9))]), Node("Sub", ["x", "x"], ["none"]),
                    Node("Where", ["is", "none", "x"], ["y"]),
                ])
        ) { [[$0, 4]] },
    ]

    /// What people export, with the operators of the above.
    static let lookingLikeMixing: [ModelKind] = [
        ModelKind("other ways for short and long rows", .independent, choosing(by: "length", bound: 16, large: "Neg")) {
            [[$0, 17, 4]]
        },
        ModelKind(
            "two heads of attention over words, with a mask", .independent,
            MadeModel(
                [
                    Node("Gather", ["table", "ids"], ["e"]), Node("Shape", ["ids"], ["s"]),
                    Node("Concat", ["s", "heads"], ["split"], [("axis", .integer(0))]),
                    Node("MatMul", ["e", "w"], ["p"]), Node("Reshape", ["p", "split"], ["h"]),
                    Node("Transpose", ["h"], ["q"], [("perm", .integers([0, 2, 1, 3]))]),
                    Node("Transpose", ["h"], ["k"], [("perm", .integers([0, 2, 3, 1]))]),
                    Node("MatMul", ["q", "k"], ["raw"]), Node("Equal", ["ids", "padding"], ["isPadding"]),
                    Node("Unsqueeze", ["isPadding", "places"], ["mask"]), Node("Where", ["mask", "low", "raw"], ["m"]),
                    Node("Softmax", ["m"], ["a"], [("axis", .integer(-1))]), Node("MatMul", ["a", "q"], ["v"]),
                    Node("Transpose", ["v"], ["t"], [("perm", .integers([0, 2, 1, 3]))]),
                    Node("Reshape", ["t", "together"], ["c"]), Node("Add", ["c", "e"], ["r"]),
                    Node("LayerNormalization", ["r", "g"], ["y"]),
                ], inputs: [.init("ids", ["batch", "length"], type: 7)], outputs: [.init("y", ["batch", "length", 4])],
                weights: [
                    .floats("table", [6, 4], weights(24)), .floats("w", [4, 4], weights(16, seed: 2)),
                    .integers("heads", [2], [2, 2]), .integers("padding", [1], [0]), .integers("places", [2], [1, 2]),
                    .floats("low", [1], [-1e9]), .integers("together", [3], [0, 0, 4]),
                    .floats("g", [4], [1, 2, 3, 4]),
                ]), integers: 6
        ) { [[$0, 7]] },
        ModelKind(
            "a label from a table of names", .independent,
            MadeModel(
                [
                    Node("MatMul", ["x", "w"], ["h"]),
                    Node("ArgMax", ["h"], ["place"], [("axis", .integer(1)), ("keepdims", .integer(0))]),
                    Node("ArrayFeatureExtractor", ["names", "place"], ["found"], domain: "ai.onnx.ml"),
                    Node("Reshape", ["found", "flat"], ["y"]),
                ], inputs: [.init("x", [.free, 4])], outputs: [.init("y", [.free], type: 7)],
                weights: [
                    .floats("w", [4, 3], weights(12)), .integers("names", [3], [10, 20, 30]),
                    .integers("flat", [1], [-1]),
                ], domains: [("ai.onnx.ml", 1)])
        ) { [[$0, 4]] },
        ModelKind(
            "columns one by one, with ends beyond all", .independent,
            made(
                [
                    Node("Slice", ["x", "from", "to", "axes"], ["left"]),
                    Node("Slice", ["x", "middle", "end", "columns"], ["right"]), Node("Shape", ["x"], ["s"]),
                    Node("Slice", ["s", "nought", "one", "nought"], ["n"]),
                    Node("Concat", ["n", "width"], ["to2"], [("axis", .integer(0))]),
                    Node("Concat", ["right", "left"], ["both"], [("axis", .integer(1))]),
                    Node("Reshape", ["both", "to2"], ["y"]),
                ],
                weights: [
                    .integers("from", [2], [0, 0]), .integers("to", [2], [.max, 2]), .integers("axes", [2], [0, 1]),
                    .integers("middle", [1], [2]), .integers("end", [1], [1_000_000_000]),
                    .integers("columns", [1], [1]),
                    .integers("nought", [1], [0]), .integers("one", [1], [1]), .integers("width", [1], [4]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "both ways through each row", .independent,
            made(
                [
                    Node("Transpose", ["x"], ["t"], [("perm", .integers([1, 0, 2]))]),
                    Node(
                        "LSTM", ["t", "w", "r"], ["all"],
                        [("hidden_size", .integer(2)), ("direction", .text("bidirectional"))]),
                    Node("Transpose", ["all"], ["b"], [("perm", .integers([2, 0, 1, 3]))]),
                    Node("Reshape", ["b", "together"], ["y"]),
                ], x: ["batch", "length", 3], y: ["batch", "length", 4],
                weights: [
                    .floats("w", [2, 8, 3], weights(48)), .floats("r", [2, 8, 2], weights(32, seed: 2)),
                    .integers("together", [3], [0, 0, 4]),
                ])
        ) { [[$0, 5, 3]] },
    ]

    /// `y` of `x [batch, length, 4]`: `x` itself where the number of rows (or the length) is up to `bound`, else what `large` makes of it.
    private static func choosing(
        by axis: String, bound: Int64, large: String, _ attributes: [(name: String, value: MadeModel.Attribute)] = []
    ) -> MadeModel {
        func way(_ nodes: [Node]) -> MadeModel.Attribute {
            .graph(MadeModel(nodes, inputs: [], outputs: [.init("r", nil)]))
        }
        return made(
            [
                Node("Shape", ["x"], ["s"]), Node("Gather", ["s", "place"], ["n"]),
                Node("LessOrEqual", ["n", "bound"], ["few"]),
                Node(
                    "If", ["few"], ["chosen"],
                    [
                        ("then_branch", way([Node("Identity", ["x"], ["r"])])),
                        ("else_branch", way([Node(large, ["x"], ["l"], attributes), Node("Sub", ["x", "l"], ["r"])])),
                    ]),
                Node("Add", ["chosen", "x"], ["y"]),
            ], x: ["batch", "length", 4], y: ["batch", "length", 4],
            weights: [.integers("place", [], [axis == "rows" ? 0 : 1]), .integers("bound", [], [bound])])
    }
}
