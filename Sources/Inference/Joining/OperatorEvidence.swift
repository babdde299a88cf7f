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
        guard let (graph, functions, versions) = ONNXGraph.read(path: path) else { return unreadable }
        return of(graph, functions: functions, versions: versions, integers: integers)
    }

    /// - Parameter integers: whether the model takes integers.
    static func of(
        _ graph: ONNXGraph, functions: ONNXGraph.Functions = [:], versions: ONNXGraph.Versions = [:],
        integers: Bool
    ) -> OperatorEvidence {
        var evidence = OperatorEvidence()
        evidence.lookEverywhere(in: graph.nodes)
        for function in functions.values { evidence.lookEverywhere(in: function.nodes) }
        var flow = ValueFlow(functions)
        flow.follow(graph, from: Set(graph.inputs).subtracting(graph.constants.keys))
        evidence.obstacle =
            evidence.obstacle ?? RowFlow.obstacle(graph, functions: functions, versions: versions)
        let makesIntegers = integers || flow.makesIntegers
        if flow.isExhausted || makesIntegers && flow.divides {
            evidence.values = .smallPositive
        } else if makesIntegers, flow.indexes {
            evidence.values = .small
        }
        return evidence
    }

    private mutating func lookEverywhere(in nodes: [ONNXGraph.Node]) {
        for node in nodes {
            look(at: node)
            for graph in node.graphs.values { lookEverywhere(in: graph.nodes) }
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
        } else if node.type == "BatchNormalization",
            node.attributes.integers["training_mode"] ?? 0 != 0 || node.references["training_mode"] != nil
        {
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

extension ModelSignature {
    /// Whether an input holds whole numbers, or texts that may be read as such.
    var takesIntegers: Bool { inputs.contains { !RowComparison.isFloatingPoint($0.elementType) } }
}
