import Tensors

/// What a graph's operators say of joining its rows. They can only speak against it: what they leave open has to be proven
/// by runs.
///
/// | found | example | then |
/// |---|---|---|
/// | scales over the whole run | DynamicQuantizeLinear | against: an answer depends on its neighbours |
/// | random numbers | RandomNormalLike | against: nothing can be proven |
/// | as many elements, steps or rounds as values say | NonZero, a Loop's count | against |
/// | one decision over the whole run | the condition of an If | against |
package struct OperatorEvidence: Sendable, Equatable {
    /// Which values made-up rows may have. Callers can send anything; a load must not try what may end the process.
    package enum Values: Sendable, Equatable {
        case any
        /// Numbers become indices: small ones only.
        case small
        /// And divisors: no zero among integers.
        case smallPositive
    }

    /// Why rows are not to be joined, if operators say so.
    package var obstacle: String?
    package var values = Values.any
    /// Whether an operator orders values, for which NaN has no place.
    var ordersValues = false

    package static let none = OperatorEvidence()

    /// Of a file whose graph cannot be read: nothing is joined on a guess.
    static let unreadable = OperatorEvidence(
        obstacle: "the graph in the model's file cannot be followed", values: .smallPositive)

    static func read(path: String, integers: Bool) -> OperatorEvidence {
        guard let (graph, functions) = ONNXGraph.read(path: path) else { return unreadable }
        return of(graph, functions: functions, integers: integers)
    }

    /// - Parameter integers: whether the model takes integers.
    static func of(_ graph: ONNXGraph, functions: [ONNXGraph.Node], integers: Bool) -> OperatorEvidence {
        var evidence = OperatorEvidence()
        for node in functions { evidence.look(at: node) }
        evidence.lookEverywhere(in: graph)
        var flow = ValueFlow()
        flow.follow(graph, from: Set(graph.inputs).subtracting(graph.constants))
        evidence.obstacle = evidence.obstacle ?? flow.obstacle
        // What a function does with values is not followed: as if it did everything.
        let makesIntegers = integers || flow.makesIntegers || !functions.isEmpty
        if makesIntegers, flow.divides || !functions.isEmpty {
            evidence.values = .smallPositive
        } else if makesIntegers, flow.indexes {
            evidence.values = .small
        }
        return evidence
    }

    private mutating func lookEverywhere(in graph: ONNXGraph) {
        for node in graph.nodes {
            look(at: node)
            for graph in node.graphs.values { lookEverywhere(in: graph) }
        }
    }

    private mutating func look(at node: ONNXGraph.Node) {
        if Self.ordering.contains(node.type) { ordersValues = true }
        guard obstacle == nil else { return }
        if Self.dynamicQuantization.contains(node.type) {
            obstacle =
                "the operator \(node.type) takes its scale from the whole run, so an answer depends on its neighbours"
        } else if Self.random.contains(node.type) {
            obstacle = "the operator \(node.type) draws random numbers"
        } else if Self.generating.contains(node.type) {
            obstacle = "the operator \(node.type) generates until all rows are done"
        } else if node.type == "BatchNormalization", node.integers["training_mode"] ?? 0 != 0 {
            obstacle = "a BatchNormalization in training mode takes its mean over the whole run"
        }
    }

    private static let dynamicQuantization: Set<String> = [
        "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul",
        "DynamicQuantizeLSTM",
    ]
    private static let random: Set<String> = [
        "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli",
    ]
    private static let generating: Set<String> = ["BeamSearch", "GreedySearch", "Sampling", "WhisperBeamSearch"]
    private static let ordering: Set<String> = [
        "TopK", "Unique", "NonMaxSuppression", "ArgMax", "ArgMin", "MaxRoiAlign", "RoiAlign",
    ]
}

/// Follows the values of a graph's inputs through it: what depends on values, and not only on shapes.
struct ValueFlow {
    private(set) var obstacle: String?
    /// Values become indices.
    private(set) var indexes = false
    /// Something is divided by values.
    private(set) var divides = false
    /// Values are cast to integers.
    private(set) var makesIntegers = false
    /// What depends on values and is in bounds whatever they are: the place of a greatest one, a comparison, a class.
    private var bounded: Set<String> = []

    /// - Parameter dependent: names of values that depend on the inputs' values, those of graphs around included.
    /// - Returns: the same with what the graph adds.
    @discardableResult
    mutating func follow(_ graph: ONNXGraph, from dependent: Set<String>) -> Set<String> {
        var dependent = dependent
        for node in graph.nodes {
            if follow(node, dependent) { dependent.formUnion(node.outputs.filter { !$0.isEmpty }) }
        }
        return dependent
    }

    /// Whether the node's outputs depend on values.
    private mutating func follow(_ node: ONNXGraph.Node, _ dependent: Set<String>) -> Bool {
        let operands = node.inputs.indices.filter { dependent.contains(node.inputs[$0]) }
        for index in operands { note(node, operand: index) }
        if Self.bounding.contains(node.type)
            || Self.keeping.contains(node.type) && operands.allSatisfy({ bounded.contains(node.inputs[$0]) })
        {
            bounded.formUnion(node.outputs)
        } else if node.type == "TopK" {
            bounded.formUnion(node.outputs.dropFirst())
        }
        if node.type == "Shape" || node.type == "Size" { return false }
        var isDependent = !operands.isEmpty
        for (name, graph) in node.graphs.sorted(by: { $0.key < $1.key }) {
            // What goes round a loop may come to depend on values later: all of it counts.
            let own = isDependent ? Set(graph.inputs.dropFirst(node.type == "Loop" ? 2 : 0)) : []
            let inside = follow(graph, from: dependent.union(own))
            if node.type == "Loop", name == "body", let condition = graph.outputs.first, inside.contains(condition) {
                found("a Loop runs as long as values say")
            }
            isDependent = isDependent || graph.outputs.contains { inside.contains($0) }
        }
        return isDependent
    }

    private mutating func note(_ node: ONNXGraph.Node, operand: Int) {
        let isBounded = bounded.contains(node.inputs[operand])
        switch node.type {
        case "If" where operand == 0: found("an If decides by values, once for all rows of a run")
        case "Loop" where operand < 2: found("a Loop runs as long as values say")
        case "Cast" where !isBounded && Self.integerTypes.contains(node.integers["to"] ?? 0): makesIntegers = true
        case "Div" where operand == 1, "Mod" where operand == 1: divides = true
        default: break
        }
        if Self.sizes[node.type]?.contains(operand) == true {
            found("the operator \(node.type) makes as many elements as values say")
        }
        if Self.rows[node.type]?.contains(operand) == true {
            found("the operator \(node.type) takes the row that values say")
        }
        if !isBounded, Self.indices[node.type]?.contains(operand) == true { indexes = true }
    }

    private mutating func found(_ text: String) { obstacle = obstacle ?? text }

    private static let bounding: Set<String> = [
        "ArgMax", "ArgMin", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Not", "And", "Or", "Xor",
        "IsNaN",
        "IsInf", "TreeEnsembleClassifier", "LinearClassifier", "SVMClassifier", "LabelEncoder", "CategoryMapper",
    ]
    /// What is in bounds stays so.
    private static let keeping: Set<String> = [
        "Cast", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity", "Transpose",
    ]

    /// ONNX's numbers of integer types.
    private static let integerTypes: Set<Int64> = [2, 3, 4, 5, 6, 7, 12, 13]

    /// Operands that say how many elements an output has.
    private static let sizes: [String: ClosedRange<Int>] = [
        "NonZero": 0...0, "Compress": 1...1, "Unique": 0...0, "NonMaxSuppression": 0...4, "Range": 0...2,
        "ConstantOfShape": 0...0, "Expand": 1...1, "Tile": 1...2, "Resize": 1...3, "Upsample": 1...1, "Pad": 1...1,
        "Slice": 1...4, "DynamicSlice": 1...4, "Reshape": 1...1, "OneHot": 1...1, "TopK": 1...1, "Split": 1...1,
        "SplitToSequence": 1...1, "CenterCropPad": 1...1, "HannWindow": 0...0, "HammingWindow": 0...0,
        "BlackmanWindow": 0...0, "MelWeightMatrix": 0...4, "DFT": 1...1, "Col2Im": 1...2,
    ]

    /// Operands that say which row, or which place of the whole output; runtimes do not check each of them.
    private static let rows: [String: ClosedRange<Int>] = [
        "RoiAlign": 2...2, "MaxRoiAlign": 1...1, "CropAndResize": 2...2, "MaxUnpool": 1...1,
    ]

    /// Operands that say which element.
    private static let indices: [String: ClosedRange<Int>] = [
        "Gather": 1...1, "GatherElements": 1...1, "GatherND": 1...1, "ArrayFeatureExtractor": 1...1, "OneHot": 0...0,
        "Scatter": 1...1, "ScatterElements": 1...1, "ScatterND": 1...1, "TensorScatter": 1...2,
        "EmbedLayerNormalization": 0...1, "GatherBlockQuantized": 1...1, "ReverseSequence": 1...1,
        "BitShift": 1...1, "GroupQueryAttention": 5...6, "SequenceAt": 1...1,
    ]
}

extension ModelSignature {
    /// Whether an input holds whole numbers, or texts that may be read as such.
    var takesIntegers: Bool { inputs.contains { !RowComparison.isFloatingPoint($0.elementType) } }
}
