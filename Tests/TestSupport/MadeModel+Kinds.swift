/// Models of both kinds: whose first dimension counts rows that are independent, and whose does not.
package struct ModelKind: Sendable {
    package enum Rows: Sendable { case independent, dependent }

    package var name: String
    package var rows: Rows
    package var model: MadeModel
    /// Of a request of so many rows (or steps), for the tests' own calls: the dimensions of each input.
    package var shapes: @Sendable (Int) -> [[Int]]
    /// Integer inputs are below it.
    package var integers = 4

    init(
        _ name: String, _ rows: Rows, _ model: MadeModel, integers: Int = 4,
        shapes: @escaping @Sendable (Int) -> [[Int]]
    ) {
        self.name = name
        self.rows = rows
        self.model = model
        self.shapes = shapes
        self.integers = integers
    }

    package static let all = independent + dependent
}

private typealias Node = MadeModel.Node

/// Numbers that look like weights, the same at each run.
func weights(_ count: Int, seed: UInt64 = 1) -> [Float] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(state >> 40) / Float(1 << 24) * 2 - 1
    }
}

/// `y` of `x`, FP32, with a width of 4 where not said otherwise.
func made(
    _ nodes: [MadeModel.Node], x: [MadeModel.Axis] = ["batch", 4], y: [MadeModel.Axis]? = ["batch", 4],
    weights: [MadeModel.Weight] = [], output: UInt64 = 1, domains: [(name: String, version: UInt64)] = []
) -> MadeModel {
    MadeModel(
        nodes, inputs: [.init("x", x)], outputs: [.init("y", y, type: output)], weights: weights, domains: domains)
}

extension ModelKind {
    package static let independent: [ModelKind] = Kinds.keepingApart + lookingLikeMixing

    package static let dependent: [ModelKind] = Kinds.sequences + Kinds.mixing + Kinds.counting + rarelyMixing
}

/// What keeps rows apart, and what does not.
private enum Kinds {
    static let keepingApart: [ModelKind] = [
        ModelKind(
            "dense", .independent,
            made(
                [Node("MatMul", ["x", "w"], ["h"]), Node("Relu", ["h"], ["r"]), Node("Add", ["r", "x"], ["y"])],
                weights: [.floats("w", [4, 4], weights(16))])
        ) { [[$0, 4]] },
        ModelKind(
            "dense without names", .independent,
            made(
                [Node("MatMul", ["x", "w"], ["h"]), Node("Tanh", ["h"], ["y"])], x: [.free, 4], y: [.free, 4],
                weights: [.floats("w", [4, 4], weights(16))])
        ) { [[$0, 4]] },
        ModelKind(
            "softmax within a row", .independent, made([Node("Softmax", ["x"], ["y"], [("axis", .integer(-1))])])
        ) { [[$0, 4]] },
        ModelKind(
            "label and scores", .independent,
            MadeModel(
                [
                    Node("MatMul", ["x", "w"], ["h"]), Node("Softmax", ["h"], ["scores"], [("axis", .integer(1))]),
                    Node("ArgMax", ["h"], ["label"], [("axis", .integer(1)), ("keepdims", .integer(0))]),
                ], inputs: [.init("x", [.free, 4])],
                outputs: [.init("label", [.free], type: 7), .init("scores", [.free, 3])],
                weights: [.floats("w", [4, 3], weights(12))])
        ) { [[$0, 4]] },
        ModelKind(
            "normalised within a row", .independent,
            made(
                [Node("LayerNormalization", ["x", "g"], ["y"])], weights: [.floats("g", [4], [1, 2, 3, 4])])
        ) { [[$0, 4]] },
        ModelKind(
            "words", .independent,
            MadeModel(
                [
                    Node("Gather", ["table", "ids"], ["e"]),
                    Node("ReduceMean", ["e"], ["y"], [("axes", .integers([1])), ("keepdims", .integer(0))]),
                ], inputs: [.init("ids", ["batch", "length"], type: 7)], outputs: [.init("y", ["batch", 4])],
                weights: [.floats("table", [6, 4], weights(24))]), integers: 6
        ) { [[$0, 5]] },
        ModelKind(
            "attention within a row", .independent,
            made(
                [
                    Node("Transpose", ["x"], ["t"], [("perm", .integers([0, 2, 1]))]),
                    Node("MatMul", ["x", "t"], ["s"]), Node("Softmax", ["s"], ["a"], [("axis", .integer(-1))]),
                    Node("MatMul", ["a", "x"], ["y"]),
                ], x: ["batch", "length", 4], y: ["batch", "length", 4])
        ) { [[$0, 3, 4]] },
        ModelKind(
            "recurrent, batch first", .independent,
            made(
                [
                    Node("Transpose", ["x"], ["t"], [("perm", .integers([1, 0, 2]))]),
                    Node("GRU", ["t", "w", "r"], ["", "h"], [("hidden_size", .integer(2))]),
                    Node("Squeeze", ["h", "zero"], ["y"]),
                ], x: ["batch", "length", 3], y: ["batch", 2],
                weights: [
                    .floats("w", [1, 6, 3], weights(18)), .floats("r", [1, 6, 2], weights(12, seed: 2)),
                    .integers("zero", [1], [0]),
                ])
        ) { [[$0, 5, 3]] },
        ModelKind(
            "pictures", .independent,
            made(
                [
                    Node("Conv", ["x", "k"], ["c"], [("pads", .integers([1, 1, 1, 1]))]),
                    Node("GlobalAveragePool", ["c"], ["p"]), Node("Flatten", ["p"], ["y"]),
                ], x: [.free, 1, .free, .free], y: [.free, 2], weights: [.floats("k", [2, 1, 3, 3], weights(18))])
        ) { [[$0, 1, 6, 5]] },
        ModelKind(
            "running sum within a row", .independent,
            made([Node("CumSum", ["x", "one"], ["y"])], weights: [.integers("one", [], [1])])
        ) { [[$0, 4]] },
        ModelKind(
            "shapes that flow", .independent,
            made(
                [
                    Node("Shape", ["x"], ["s"]), Node("Gather", ["s", "zero"], ["n"]),
                    Node("Concat", ["n", "two", "two"], ["to"], [("axis", .integer(0))]),
                    Node("Reshape", ["x", "to"], ["r"]),
                    Node("Transpose", ["r"], ["y"], [("perm", .integers([0, 2, 1]))]),
                ], y: ["batch", 2, 2], weights: [.integers("zero", [1], [0]), .integers("two", [1], [2])])
        ) { [[$0, 4]] },
        ModelKind(
            "two inputs", .independent,
            MadeModel(
                [Node("Concat", ["a", "b"], ["c"], [("axis", .integer(1))]), Node("Sigmoid", ["c"], ["y"])],
                inputs: [.init("a", ["batch", 2]), .init("b", ["batch", 3])], outputs: [.init("y", ["batch", 5])])
        ) { [[$0, 2], [$0, 3]] },
        ModelKind(
            "texts", .independent,
            MadeModel(
                [Node("StringNormalizer", ["t"], ["y"])],
                inputs: [.init("t", [.free], type: 8)], outputs: [.init("y", [.free], type: 8)]),
            integers: 0
        ) { [[$0]] },
        ModelKind(
            "a tree", .independent,
            made(
                [
                    Node(
                        "TreeEnsembleRegressor", ["x"], ["y"],
                        [
                            ("n_targets", .integer(1)), ("nodes_featureids", .integers([0, 0, 0])),
                            ("nodes_falsenodeids", .integers([2, 0, 0])), ("nodes_truenodeids", .integers([1, 0, 0])),
                            ("nodes_nodeids", .integers([0, 1, 2])), ("nodes_treeids", .integers([0, 0, 0])),
                            ("nodes_modes", .texts(["BRANCH_LEQ", "LEAF", "LEAF"])),
                            ("nodes_values", .numbers([0.2, 0, 0])),
                            ("target_ids", .integers([0, 0])), ("target_nodeids", .integers([1, 2])),
                            ("target_treeids", .integers([0, 0])), ("target_weights", .numbers([3, 7])),
                        ], domain: "ai.onnx.ml")
                ], x: [.free, 2], y: [.free, 1], domains: [("ai.onnx.ml", 1)])
        ) { [[$0, 2]] },
        ModelKind(
            "a function", .independent,
            MadeModel(
                [
                    Node("Shape", ["x"], ["s"]), Node("Dense", ["x", "w"], ["h"], domain: MadeModel.functionDomain),
                    Node("Reshape", ["h", "s"], ["y"]),
                ], inputs: [.init("x", ["batch", 4])], outputs: [.init("y", ["batch", 4])],
                weights: [.floats("w", [4, 4], weights(16))],
                functions: [
                    .init(
                        "Dense", ["a", "b"], ["c"],
                        [
                            Node("MatMul", ["a", "b"], ["x"]),
                            Node("Scaled", ["x"], ["c"], domain: MadeModel.functionDomain),
                        ]),
                    .init("Scaled", ["a"], ["b"], [Node("Tanh", ["a"], ["y"]), Node("Neg", ["y"], ["b"])]),
                ])
        ) { [[$0, 4]] },
    ]

    /// One axis that is time.
    static let sequences: [ModelKind] = [
        ModelKind(
            "a function over rows", .dependent,
            MadeModel(
                [Node("Centred", ["x"], ["y"], domain: MadeModel.functionDomain)],
                inputs: [.init("x", ["batch", 4])], outputs: [.init("y", ["batch", 4])],
                functions: [
                    .init(
                        "Centred", ["a"], ["b"],
                        [
                            Node("ReduceMean", ["a"], ["m"], [("axes", .integers([0]))]),
                            Node("Sub", ["a", "m"], ["b"]),
                        ])
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "a thousandth of the rows before, beside great numbers", .dependent,
            made(
                [
                    Node("CumSum", ["x", "rows"], ["before"], [("exclusive", .integer(1))]),
                    Node("Mul", ["before", "small"], ["little"]), Node("Add", ["x", "little"], ["sum"]),
                    Node("Add", ["sum", "great"], ["y"]),
                ],
                weights: [
                    .integers("rows", [], [0]), .floats("small", [], [1e-3]), .floats("great", [4], [1e6, 0, 0, 0]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "rounds until all rows together are done", .dependent,
            made(
                [
                    Node(
                        "Loop", ["most", "true", "nought"], ["rounds"],
                        [
                            (
                                "body",
                                .graph(
                                    MadeModel(
                                        [
                                            Node("ReduceMax", ["x"], ["m"], [("keepdims", .integer(0))]),
                                            Node("Abs", ["m"], ["size"]), Node("Add", ["v", "size"], ["v1"]),
                                            Node("Less", ["v", "bound"], ["c1"]),
                                        ],
                                        inputs: [.init("i", [], type: 7), .init("c", [], type: 9), .init("v", [])],
                                        outputs: [.init("c1", [], type: 9), .init("v1", [])]))
                            )
                        ]), Node("Add", ["x", "rounds"], ["y"]),
                ],
                weights: [
                    .integers("most", [], [20]), .floats("nought", [], [0]), .floats("bound", [], [3]),
                    .booleans("true", [], [true]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "mean over time", .dependent,
            made(
                [Node("ReduceMean", ["x"], ["m"], [("axes", .integers([0]))]), Node("Sub", ["x", "m"], ["y"])],
                x: ["time"], y: ["time"])
        ) { [[$0]] },
        ModelKind(
            "running sum", .dependent,
            made(
                [Node("CumSum", ["x", "zero"], ["y"])], x: [.free], y: [.free],
                weights: [.integers("zero", [], [0])])
        ) { [[$0]] },
        ModelKind(
            "recurrent, time first", .dependent,
            made(
                [Node("GRU", ["x", "w", "r"], ["y", ""], [("hidden_size", .integer(2))])], x: ["time", "batch", 3],
                y: nil,
                weights: [.floats("w", [1, 6, 3], weights(18)), .floats("r", [1, 6, 2], weights(12, seed: 2))])
        ) { [[$0, 2, 3]] },
        ModelKind(
            "time first in the output only", .dependent,
            made(
                [Node("Transpose", ["x"], ["y"], [("perm", .integers([1, 0, 2]))])], x: [.free, .free, 4],
                y: [.free, .free, 4])
        ) { [[$0, 3, 4]] },
        ModelKind(
            "scanned", .dependent,
            made(
                [
                    Node(
                        "Scan", ["start", "x"], ["last", "y"],
                        [
                            ("num_scan_inputs", .integer(1)),
                            (
                                "body",
                                .graph(
                                    MadeModel(
                                        [Node("Add", ["s", "v"], ["t"]), Node("Identity", ["t"], ["out"])],
                                        inputs: [.init("s", [4]), .init("v", [4])],
                                        outputs: [.init("t", [4]), .init("out", [4])]))
                            ),
                        ])
                ], weights: [.floats("start", [4], [0, 0, 0, 0])])
        ) { [[$0, 4]] },
    ]

    /// Rows of the right number whose values depend on each other.
    static let mixing: [ModelKind] = [
        ModelKind(
            "softmax over rows", .dependent, made([Node("Softmax", ["x"], ["y"], [("axis", .integer(0))])])
        ) { [[$0, 4]] },
        ModelKind(
            "greatest of all rows, where it is large", .dependent,
            made(
                [
                    Node("ReduceMax", ["x"], ["m"], [("axes", .integers([0]))]), Node("Sub", ["m", "bound"], ["o"]),
                    Node("Relu", ["o"], ["r"]), Node("Sub", ["x", "r"], ["y"]),
                ], weights: [.floats("bound", [1], [1_000])])
        ) { [[$0, 4]] },
        ModelKind(
            "a thousandth of a millionth of the mean", .dependent,
            made(
                [
                    Node("ReduceMean", ["x"], ["m"], [("axes", .integers([0]))]), Node("Mul", ["m", "little"], ["r"]),
                    Node("Mul", ["x", "little"], ["z"]), Node("Sub", ["z", "r"], ["v"]),
                    Node("Mul", ["v", "much"], ["y"]),
                ], weights: [.floats("little", [1], [1e-9]), .floats("much", [1], [1e9])])
        ) { [[$0, 4]] },
        ModelKind(
            "attention over rows", .dependent,
            made(
                [
                    Node("Transpose", ["x"], ["t"], [("perm", .integers([1, 0]))]), Node("MatMul", ["x", "t"], ["s"]),
                    Node("Softmax", ["s"], ["a"], [("axis", .integer(1))]), Node("MatMul", ["a", "x"], ["y"]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "less the first row", .dependent,
            made(
                [Node("Gather", ["x", "zero"], ["f"]), Node("Sub", ["x", "f"], ["y"])],
                weights: [.integers("zero", [1], [0])])
        ) { [[$0, 4]] },
        ModelKind(
            "backwards", .dependent,
            made(
                [Node("Slice", ["x", "from", "to", "axis", "step"], ["y"])],
                weights: [
                    .integers("from", [1], [-1]), .integers("to", [1], [-(1 << 40)]), .integers("axis", [1], [0]),
                    .integers("step", [1], [-1]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "the mean of the run in training mode", .dependent,
            made(
                [
                    Node(
                        "BatchNormalization", ["x", "g", "b", "m", "v"], ["y", "mean", "variance"],
                        [("training_mode", .integer(1))]
                    )
                ],
                weights: [
                    .floats("g", [4], [1, 1, 1, 1]), .floats("b", [4], [0, 0, 0, 0]), .floats("m", [4], [0, 0, 0, 0]),
                    .floats("v", [4], [1, 1, 1, 1]),
                ])
        ) { [[$0, 4]] },
        ModelKind(
            "quantised by the run", .dependent,
            made(
                [
                    Node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"]),
                    Node("MatMulInteger", ["q", "w", "z"], ["i"]),
                    Node("Cast", ["i"], ["f"], [("to", .integer(1))]), Node("Mul", ["f", "s"], ["y"]),
                ], weights: [.signed("w", [4, 4], (0..<16).map { Int8($0 * 13 % 127 - 60) })])
        ) { [[$0, 4]] },
        ModelKind(
            "divided by the number of rows", .dependent,
            made(
                [
                    Node("Shape", ["x"], ["s"]), Node("Gather", ["s", "zero"], ["n"]),
                    Node("Cast", ["n"], ["f"], [("to", .integer(1))]), Node("Div", ["x", "f"], ["y"]),
                ], weights: [.integers("zero", [1], [0])])
        ) { [[$0, 4]] },
        ModelKind(
            "another from six rows on", .dependent,
            made(
                [
                    Node("Shape", ["x"], ["s"]), Node("Gather", ["s", "zero"], ["n"]),
                    Node("Less", ["n", "six"], ["few"]),
                    Node("Neg", ["x"], ["m"]), Node("Where", ["few", "x", "m"], ["y"]),
                ], weights: [.integers("zero", [1], [0]), .integers("six", [1], [6])])
        ) { [[$0, 4]] },
        ModelKind(
            "the number of the row", .dependent,
            made(
                [
                    Node("Shape", ["x"], ["s"]), Node("Gather", ["s", "zero"], ["n"]),
                    Node("Range", ["zero", "n", "one"], ["i"]), Node("Cast", ["i"], ["f"], [("to", .integer(1))]),
                    Node("Unsqueeze", ["f", "axis"], ["c"]), Node("Add", ["x", "c"], ["y"]),
                ],
                weights: [.integers("zero", [], [0]), .integers("one", [], [1]), .integers("axis", [1], [1])])
        ) { [[$0, 4]] },
        ModelKind(
            "sorted over rows", .dependent,
            made(
                [
                    Node("Shape", ["x"], ["s"]), Node("Gather", ["s", "zero"], ["n"]),
                    Node("TopK", ["x", "n"], ["y", "places"], [("axis", .integer(0))]),
                ], weights: [.integers("zero", [1], [0])])
        ) { [[$0, 4]] },
    ]

    /// As many rows as values say, or other ones than the inputs have.
    static let counting: [ModelKind] = [
        ModelKind(
            "detections", .dependent,
            made(
                [Node("NonZero", ["x"], ["t"]), Node("Transpose", ["t"], ["y"], [("perm", .integers([1, 0]))])],
                y: ["count", 2], output: 7)
        ) { [[$0, 4]] },
        ModelKind(
            "rows above nought", .dependent,
            made(
                [
                    Node("Gather", ["x", "zero"], ["f"], [("axis", .integer(1))]),
                    Node("Greater", ["f", "nought"], ["keep"]),
                    Node("Compress", ["x", "keep"], ["y"], [("axis", .integer(0))]),
                ], y: [.free, 4], weights: [.integers("zero", [], [0]), .floats("nought", [], [0])])
        ) { [[$0, 4]] },
        ModelKind(
            "each row once", .dependent,
            made(
                [Node("Unique", ["x"], ["y"], [("axis", .integer(0)), ("sorted", .integer(0))])], y: [.free, 4])
        ) { [[$0, 4]] },
        ModelKind(
            "every row with every row", .dependent,
            made(
                [Node("Transpose", ["x"], ["t"], [("perm", .integers([1, 0]))]), Node("MatMul", ["x", "t"], ["y"])],
                x: [.free, 4], y: [.free, .free])
        ) { [[$0, 4]] },
        ModelKind(
            "pictures and texts", .dependent,
            MadeModel(
                [
                    Node("Transpose", ["text"], ["t"], [("perm", .integers([1, 0]))]),
                    Node("MatMul", ["image", "t"], ["y"]),
                ], inputs: [.init("image", [.free, 4]), .init("text", [.free, 4])],
                outputs: [.init("y", [.free, .free])])
        ) { [[$0, 4], [$0 % 3 + 1, 4]] },
        ModelKind(
            "all rows in one", .dependent,
            made([Node("Reshape", ["x", "flat"], ["y"])], y: [.free], weights: [.integers("flat", [1], [-1])])
        ) { [[$0, 4]] },
        ModelKind(
            "one answer to all", .dependent,
            made([Node("ReduceSum", ["x", "axis"], ["y"])], y: [.free, 4], weights: [.integers("axis", [1], [0])])
        ) { [[$0, 4]] },
        ModelKind(
            "a shared input", .dependent,
            MadeModel(
                [Node("Add", ["x", "shift"], ["y"])], inputs: [.init("x", [.free, 4]), .init("shift", [.free])],
                outputs: [.init("y", [.free, 4])])
        ) { [[$0, 4], [$0 % 2 == 0 ? 1 : 4]] },
    ]
}
