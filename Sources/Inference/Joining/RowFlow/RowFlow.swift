/// Shows of a graph that rows keep apart: follows the axis that counts rows from the inputs to the outputs, operator by
/// operator. Where each operator on the way is known to treat the places of that axis alike and each by itself, nothing that a
/// caller sends can change another's answer, whatever the numbers are, and however many rows there are.
///
/// | a value | is |
/// |---|---|
/// | fixed | the same whatever the rows and their number: weights, and what is computed of them |
/// | counting | a shape in which the number of rows stands; it may become a shape, and nothing else |
/// | of rows | one block for each row along one axis, in order |
/// | mixed | anything else, with the reason |
///
/// What is not known is mixed: an operator that nobody here knows speaks against joining as one that sums over rows does.
struct RowFlow {
    enum Fact: Sendable, Equatable {
        case known(FlowValue)
        case mixed(String)
    }

    /// Why a value is no longer of one kind.
    struct Mixed: Error {
        var reason: String

        init(_ reason: String) { self.reason = reason }
    }

    typealias Node = ONNXGraph.Node

    let functions: ONNXGraph.Functions
    /// Of the standard operators, where they are followed now.
    var version: Int
    /// Whether rows are the only free dimension: then a run of one row proves what its shapes leave open.
    private(set) var isOnlyRowsFree = true
    private var nextDimension = 0
    private var nextNumber = -1
    private var dimensions: [String: SymbolicSize] = [:]
    private var numbers: [Computation: SymbolicSize] = [:]
    /// Why the first node failed that keeps rows apart for no output.
    private var failure: String?
    private var depth = 0
    private var steps = 0

    /// Nodes that are looked at, counting each call of a function and each round of a loop.
    private static let mostSteps = 300_000
    private static let deepest = 32
    static let unfollowed = "the graph in the model's file cannot be followed"

    private struct Computation: Hashable {
        var type: String
        var operands: [FlowValue.Element]
    }

    /// Why rows of the model cannot be shown to keep apart; `nil` where they do.
    static func obstacle(
        _ graph: ONNXGraph, functions: ONNXGraph.Functions = [:], versions: ONNXGraph.Versions = [:]
    ) -> String? {
        // Without a word the runtime takes its newest.
        var flow = RowFlow(functions, version: versions[""] ?? .max)
        var names = Names()
        for input in graph.inputs where graph.constants[input] == nil {
            names[input] = flow.input(graph.dimensions[input])
        }
        flow.follow(graph, &names)
        // Also of a node that leads to no output: it runs, and one that takes rows together may fail on other numbers of them.
        if let reason = flow.failure { return reason }
        for output in graph.outputs {
            if let reason = flow.obstacle(output: output, names[output] ?? .mixed(unfollowed)) { return reason }
        }
        return nil
    }

    private init(_ functions: ONNXGraph.Functions, version: Int) {
        self.functions = functions
        self.version = version
    }

    private mutating func input(_ dimensions: [ONNXGraph.Dimension]?) -> Fact {
        guard let dimensions else {
            isOnlyRowsFree = false
            return .known(FlowValue(sizes: nil, axis: 0))
        }
        guard let first = dimensions.first else { return .mixed("an input is a scalar and has no rows") }
        var sizes = [SymbolicSize.rows]
        for dimension in dimensions.dropFirst() {
            switch dimension {
            case .size(let size): sizes.append(SymbolicSize(size))
            case .named where dimension == first: return .mixed("an input has the axis of its rows twice")
            case .named(let name):
                isOnlyRowsFree = false
                sizes.append(self.dimensions[name] ?? newDimension())
                self.dimensions[name] = sizes.last
            case .free:
                isOnlyRowsFree = false
                sizes.append(newDimension())
            }
        }
        return .known(FlowValue(sizes: sizes, axis: 0))
    }

    private func obstacle(output: String, _ fact: Fact) -> String? {
        switch fact {
        case .mixed(let reason): return reason
        case .known(let value) where value.isFixed: return "output '\(output)' has no part for each row"
        case .known(let value) where value.axis != 0: return "output '\(output)' does not begin with the rows"
        case .known(let value) where value.block != .one:
            return "output '\(output)' has another number of rows than the inputs"
        case .known: return nil
        }
    }

    // MARK: Sizes

    /// A dimension that is not known and does not depend on the number of rows.
    mutating func newDimension() -> SymbolicSize {
        nextDimension += 1
        return SymbolicSize(symbol: nextDimension)
    }

    /// What came of a computation that is not followed, the same each time it is done.
    mutating func number(_ type: String, _ operands: [FlowValue.Element]) -> SymbolicSize {
        let computation = Computation(type: type, operands: operands)
        if let known = numbers[computation] { return known }
        nextNumber -= 1
        let number = SymbolicSize(symbol: nextNumber)
        numbers[computation] = number
        return number
    }

    // MARK: The way through a graph

    /// Adds what is known of the values that `graph` makes to `names`.
    mutating func follow(_ graph: ONNXGraph, _ names: inout Names) {
        for (name, constant) in graph.constants { names[name] = .known(FlowValue(constant)) }
        follow(graph.nodes, &names)
    }

    private mutating func follow(_ nodes: [Node], _ names: inout Names) {
        for node in ONNXGraph.inOrder(nodes) {
            guard let node else {
                failure = failure ?? Self.unfollowed
                continue
            }
            steps += 1
            let facts = steps < Self.mostSteps ? facts(of: node, names) : []
            for (index, output) in node.outputs.enumerated() where !output.isEmpty {
                names[output] = facts.indices.contains(index) ? facts[index] : .mixed(Self.unfollowed)
            }
        }
    }

    /// Of each output of `node`.
    private mutating func facts(of node: Node, _ names: Names) -> [Fact] {
        do throws(Mixed) {
            if let function = functions[node.function] {
                // The runtime's own operator of that name is taken before the function.
                guard Self.builtIn.contains(node.domain) else { return try call(function, node, names) }
            }
            if node.hasLongList, node.domain != "ai.onnx.ml", node.type != "Constant" {
                throw Mixed(unknownShape(node))
            }
            switch (node.domain, node.type) {
            case ("", "If"), ("ai.onnx", "If"): return try branch(node, names)
            case ("", "Loop"), ("ai.onnx", "Loop"): return try loop(node, names)
            case ("", "Scan"), ("ai.onnx", "Scan"): return try scan(node, names)
            default:
                let operands = try operands(node, names)
                let values = try outputs(of: node, operands)
                // Of axes and numbers that double from node to node there is soon no end.
                guard values.allSatisfy(\.isSmall) else { throw Mixed(unknownShape(node)) }
                var facts = values.map { Fact.known($0) }
                // Of further outputs a rule says nothing.
                let isFixed = operands.allSatisfy { $0?.isFixed ?? true }
                while facts.count < node.outputs.count {
                    facts.append(isFixed ? .known(.unknown) : .mixed(Self.unsaid(node, output: facts.count)))
                }
                return facts
            }
        } catch {
            failure = failure ?? error.reason
            return Array(repeating: .mixed(error.reason), count: node.outputs.count)
        }
    }

    static let builtIn: Set<String> = ["", "ai.onnx", "ai.onnx.ml", "com.microsoft"]

    private static func unsaid(_ node: Node, output: Int) -> String {
        "output \(output + 1) of the operator \(node.type) is not known to keep rows apart"
    }

    /// `nil` for operands that are left out.
    func operands(_ node: Node, _ names: Names) throws(Mixed) -> [FlowValue?] {
        var operands: [FlowValue?] = []
        for name in node.inputs { operands.append(name.isEmpty ? nil : try value(name, names)) }
        return operands
    }

    func value(_ name: String, _ names: Names) throws(Mixed) -> FlowValue {
        switch names[name] {
        case .known(let value): return value
        case .mixed(let reason): throw Mixed(reason)
        case nil: throw Mixed(Self.unfollowed)
        }
    }

    private mutating func call(_ function: ONNXGraph.Function, _ node: Node, _ names: Names) throws(Mixed) -> [Fact] {
        guard depth < Self.deepest, node.graphs.isEmpty else {
            throw Mixed("the functions in the model's file cannot be followed")
        }
        guard function.versions[""].map({ $0 == version }) ?? true else {
            throw Mixed("the function \(node.type) is written for another version of the operators than the model")
        }
        var own = Names()
        for (index, name) in function.inputs.enumerated() where node.inputs.indices.contains(index) {
            // An operand that is left out is one whose name nobody gave.
            if !node.inputs[index].isEmpty { own[name] = names[node.inputs[index]] ?? .mixed(Self.unfollowed) }
        }
        let nodes = function.nodes.map { $0.completed(by: node, else: function.defaults) }
        depth += 1
        follow(nodes, &own)
        depth -= 1
        return function.outputs.map { own[$0] ?? .mixed(Self.unfollowed) }
    }
}

extension RowFlow {
    /// What is known by name, in a graph and in those around it. Those around are shared, not copied.
    struct Names {
        private var own: [String: Fact] = [:]
        private var around: [[String: Fact]] = []

        /// For a graph within.
        var within: Names {
            var names = Names()
            names.around = around + [own]
            return names
        }

        subscript(name: String) -> Fact? {
            get {
                if let fact = own[name] { return fact }
                for names in around.reversed() {
                    if let fact = names[name] { return fact }
                }
                return nil
            }
            set { own[name] = newValue }
        }
    }
}

extension ONNXGraph.Node {
    /// Whether a list of it was too long to be read whole.
    fileprivate var hasLongList: Bool {
        attributes.integerLists.values.contains { $0.count > ONNXTensorReader.mostNumbers }
            || attributes.numberLists.values.contains { $0.count > ONNXTensorReader.mostNumbers }
    }

    /// A function's node, with the attributes that it takes from the call, or from the function's defaults.
    fileprivate func completed(by call: ONNXGraph.Node, else defaults: ONNXGraph.Attributes) -> ONNXGraph.Node {
        var node = self
        for (own, theirs) in references {
            let (given, name) = (call.attributes, theirs)
            node.attributes.integers[own] = given.integers[name] ?? defaults.integers[name]
            node.attributes.integerLists[own] = given.integerLists[name] ?? defaults.integerLists[name]
            node.attributes.numbers[own] = given.numbers[name] ?? defaults.numbers[name]
            node.attributes.numberLists[own] = given.numberLists[name] ?? defaults.numberLists[name]
            node.attributes.texts[own] = given.texts[name] ?? defaults.texts[name]
            node.attributes.tensors[own] = given.tensors[name] ?? defaults.tensors[name]
            node.attributes.textLists[own] = given.textLists[name] ?? defaults.textLists[name]
            node.graphs[own] = call.graphs[name]
        }
        for (name, graph) in node.graphs {
            node.graphs[name]?.nodes = graph.nodes.map { $0.completed(by: call, else: defaults) }
        }
        return node
    }
}
