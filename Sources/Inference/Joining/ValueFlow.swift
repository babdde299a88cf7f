/// Follows the values of a graph's inputs through it, and says what made-up ones may be: a load must not try what may end the
/// process. Whether rows keep apart is for `RowFlow`.
struct ValueFlow {
    /// The graph is too large, or calls too deep: what values become is not known.
    private(set) var isExhausted = false
    /// Values become indices.
    private(set) var indexes = false
    /// Something is divided by values.
    private(set) var divides = false
    /// Values are cast to integers.
    private(set) var makesIntegers = false
    /// What depends on values and is in bounds whatever they are: the place of a greatest one, a comparison, a class.
    private var bounded: Set<String> = []
    private let functions: ONNXGraph.Functions
    /// What calls of functions came to; each way of calling one is followed once.
    private var calls: [Call: Return] = [:]
    private var depth = 0
    private var steps = 0

    /// Nodes that are looked at, counting each round of a loop: no exporter's model comes near.
    private static let mostSteps = 4_000_000
    /// Functions that call functions deeper than this are not followed; the definition forbids them to call themselves.
    private static let deepest = 32

    init(_ functions: ONNXGraph.Functions = [:]) { self.functions = functions }

    /// A function and which of its operands depend on values, and are in bounds.
    private struct Call: Hashable {
        var function: ONNXGraph.FunctionName
        var dependent: [Bool]
        var bounded: [Bool]
    }

    /// Of each of its outputs.
    private struct Return {
        var dependent: [Bool]
        var bounded: [Bool]
    }

    /// - Parameter dependent: names of values that depend on the inputs' values, those of graphs around included.
    /// - Returns: the same with what the graph adds.
    @discardableResult
    mutating func follow(_ graph: ONNXGraph, from dependent: Set<String>) -> Set<String> {
        follow(graph.nodes, from: dependent)
    }

    private mutating func follow(_ nodes: [ONNXGraph.Node], from dependent: Set<String>) -> Set<String> {
        var dependent = dependent
        for node in ONNXGraph.inOrder(nodes) {
            steps += 1
            guard let node, steps < Self.mostSteps else {
                isExhausted = true
                return dependent
            }
            // The runtime takes its own operator of that name before the function.
            if let function = functions[node.function], !RowFlow.builtIn.contains(node.domain) {
                dependent.formUnion(follow(function, calledBy: node, dependent))
            } else if follow(node, dependent) {
                dependent.formUnion(node.outputs.filter { !$0.isEmpty })
            }
        }
        return dependent
    }

    /// Whether the node's outputs depend on values.
    private mutating func follow(_ node: ONNXGraph.Node, _ dependent: Set<String>) -> Bool {
        let operands = node.inputs.indices.filter { dependent.contains(node.inputs[$0]) }
        for index in operands { note(node, operand: index) }
        if ["body", "then_branch", "else_branch"].contains(where: { node.references[$0] != nil }) {
            isExhausted = true
        }
        // A loop's graph is followed again with more that depends: what is in bounds then counts.
        bounded.subtract(node.outputs)
        if Self.isForeign(node) {
            // Nobody here knows.
        } else if Self.bounding.contains(node.type)
            || Self.keeping.contains(node.type) && operands.allSatisfy({ bounded.contains(node.inputs[$0]) })
        {
            bounded.formUnion(node.outputs)
        } else if node.type == "TopK" {
            bounded.formUnion(node.outputs.dropFirst())
        }
        if node.type == "Shape" || node.type == "Size", !Self.isForeign(node) { return false }
        var isDependent = !operands.isEmpty
        for (_, graph) in node.graphs.sorted(by: { $0.key < $1.key }) {
            let inside = follow(graph, of: node, dependent, operands)
            isDependent = isDependent || graph.outputs.contains { inside.contains($0) }
        }
        return isDependent
    }

    /// A graph within a node, until what goes round a loop brings nothing new.
    private mutating func follow(
        _ graph: ONNXGraph, of node: ONNXGraph.Node, _ dependent: Set<String>, _ operands: [Int]
    ) -> Set<String> {
        // What is carried from one operand may come to depend on another: all of it counts.
        var own: Set<String> = []
        bounded.subtract(graph.inputs)
        if !operands.isEmpty { own = Set(graph.inputs.dropFirst(node.type == "Loop" ? 2 : 0)) }
        while true {
            let inside = follow(graph, from: dependent.union(own))
            let carried = Self.carried(graph, of: node).filter { inside.contains($0.end) && !own.contains($0.start) }
            if carried.isEmpty { return inside }
            own.formUnion(carried.map(\.start))
        }
    }

    /// What a loop's graph gives itself: the name at the end of a round, and at the start of the next.
    private static func carried(
        _ graph: ONNXGraph, of node: ONNXGraph.Node
    ) -> [(end: String, start: String)] {
        switch node.type {
        case "Loop":
            // In: the round, the condition, what is carried. Out: the condition, what is carried, what is collected.
            return zip(graph.outputs.dropFirst(), graph.inputs.dropFirst(2)).map { (end: $0, start: $1) }
        case "Scan":
            let sequences = Int(clamping: node.attributes.integers["num_scan_inputs"] ?? 0)
            let states = graph.inputs.dropLast(min(max(sequences, 0), graph.inputs.count))
            return zip(graph.outputs, states).map { (end: $0, start: $1) }
        default: return []
        }
    }

    /// The outputs of a call that depend on values.
    private mutating func follow(
        _ function: ONNXGraph.Function, calledBy node: ONNXGraph.Node, _ dependent: Set<String>
    ) -> [String] {
        // What is done in a graph that a function is given is not looked at.
        if !node.graphs.isEmpty { isExhausted = true }
        func operands(_ names: Set<String>) -> [Bool] {
            function.inputs.indices.map { node.inputs.indices.contains($0) && names.contains(node.inputs[$0]) }
        }
        let call = Call(function: node.function, dependent: operands(dependent), bounded: operands(bounded))
        let result: Return
        if let known = calls[call] {
            result = known
        } else {
            guard depth < Self.deepest else {
                isExhausted = true
                return node.outputs
            }
            // Names within a function are its own.
            let around = bounded
            func named(_ marks: [Bool]) -> Set<String> { Set(zip(function.inputs, marks).filter(\.1).map(\.0)) }
            bounded = named(call.bounded)
            depth += 1
            let inside = follow(function.nodes, from: named(call.dependent))
            depth -= 1
            result = Return(
                dependent: function.outputs.map { inside.contains($0) },
                bounded: function.outputs.map { bounded.contains($0) })
            bounded = around
            calls[call] = result
        }
        bounded.subtract(node.outputs)
        bounded.formUnion(zip(node.outputs, result.bounded).filter(\.1).map(\.0))
        return zip(node.outputs, result.dependent).filter { $0.1 && !$0.0.isEmpty }.map(\.0)
    }

    private mutating func note(_ node: ONNXGraph.Node, operand: Int) {
        let isBounded = bounded.contains(node.inputs[operand])
        switch node.type {
        case "Cast" where !isBounded && (node.attributes.integers["to"].map(Self.integerTypes.contains) ?? true):
            makesIntegers = true
        case "CastLike" where operand == 0 && !isBounded, "CastMap" where !isBounded: makesIntegers = true
        case "Div" where operand == 1, "Mod" where operand == 1: divides = true
        default: break
        }
        if Self.isForeign(node), !node.domain.hasPrefix("com.microsoft"), !isBounded { makesIntegers = true }
        if !isBounded, Self.indices[node.type]?.contains(operand) ?? Self.isForeign(node) { indexes = true }
    }

    /// Whether nobody here knows what the operator does with a number: it may take it for a place, and not check it.
    private static func isForeign(_ node: ONNXGraph.Node) -> Bool {
        !["", "ai.onnx", "ai.onnx.ml"].contains(node.domain)
    }

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

    /// Operands that say which element.
    private static let indices: [String: ClosedRange<Int>] = [
        "Gather": 1...1, "GatherElements": 1...1, "GatherND": 1...1, "ArrayFeatureExtractor": 1...1, "OneHot": 0...0,
        "Scatter": 1...1, "ScatterElements": 1...1, "ScatterND": 1...1, "TensorScatter": 1...2,
        "EmbedLayerNormalization": 0...1, "GatherBlockQuantized": 1...1, "ReverseSequence": 1...1,
        "BitShift": 1...1, "GroupQueryAttention": 5...6, "SequenceAt": 1...1, "RotaryEmbedding": 1...3,
        "QEmbedLayerNormalization": 0...1,
    ]
}
