import Tensors

/// What a graph's operators say of joining its rows, and of what made-up rows may be. What they leave open has to be borne out by
/// runs.
///
/// | found | example | then |
/// |---|---|---|
/// | dynamic quantisation | DynamicQuantizeLinear | against: scales are of the whole run |
/// | random numbers | RandomNormalLike | against: nothing can be proven |
/// | rows that are not kept apart | Softmax over rows | against (`RowFlow`) |
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
                "the operator \(node.type) is one of dynamic quantisation, whose scales are of the whole run: an answer depends on its neighbours"
        } else if Self.random.contains(node.type) {
            obstacle = "the operator \(node.type) draws random numbers"
        }
    }

    private static let dynamicQuantization: Set<String> = [
        "DynamicQuantizeLinear", "MatMulInteger", "ConvInteger", "MatMulIntegerToFloat", "DynamicQuantizeMatMul",
        "DynamicQuantizeLSTM",
    ]
    private static let random: Set<String> = [
        "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli",
    ]
    private static let ordering: Set<String> = [
        "TopK", "Unique", "NonMaxSuppression", "ArgMax", "ArgMin", "MaxRoiAlign", "RoiAlign",
    ]
}

extension ModelSignature {
    /// Whether an input holds whole numbers, or texts that may be read as such.
    var takesIntegers: Bool { inputs.contains { !RowComparison.isFloatingPoint($0.elementType) } }
}
