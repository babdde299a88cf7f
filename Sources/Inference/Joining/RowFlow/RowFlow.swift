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

    typealias Names = [String: Fact]
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
    private var depth = 0
    private var steps = 0

    /// Nodes that are looked at, counting each call of a function and each round of a loop.
    private static let mostSteps = 1_000_000
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
        var flow = RowFlow(functions, version: versions[""] ?? 1)
        var names: Names = [:]
        for input in graph.inputs where graph.constants[input] == nil {
            names[input] = flow.input(graph.dimensions[input])
        }
        flow.follow(graph, &names)
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
        // The runtime sorts a file's nodes by itself: what is not ready waits for the next round.
        var waiting = nodes
        var pending = Set(nodes.lazy.flatMap(\.outputs).filter { !$0.isEmpty })
        while !waiting.isEmpty {
            var left: [Node] = []
            for node in waiting {
                steps += 1
                if node.inputs.contains(where: { pending.contains($0) })
                    || node.graphs.values.contains(where: { $0.takes(from: pending.subtracting(node.outputs)) })
                {
                    left.append(node)
                    continue
                }
                let facts = steps < Self.mostSteps ? facts(of: node, names) : []
                for (index, output) in node.outputs.enumerated() where !output.isEmpty {
                    names[output] = facts.indices.contains(index) ? facts[index] : .mixed(Self.unfollowed)
                    pending.remove(output)
                }
            }
            guard left.count < waiting.count, steps < Self.mostSteps else {
                for output in pending { names[output] = .mixed(Self.unfollowed) }
                return
            }
            waiting = left
        }
    }

    /// Of each output of `node`.
    private mutating func facts(of node: Node, _ names: Names) -> [Fact] {
        do throws(Mixed) {
            if let function = functions[node.function] { return try call(function, node, names) }
            switch (node.domain, node.type) {
            case ("", "If"), ("ai.onnx", "If"): return try branch(node, names)
            case ("", "Loop"), ("ai.onnx", "Loop"): return try loop(node, names)
            case ("", "Scan"), ("ai.onnx", "Scan"): return try scan(node, names)
            default:
                let operands = try operands(node, names)
                var facts = try outputs(of: node, operands).map { Fact.known($0) }
                // Of further outputs a rule says nothing.
                let isFixed = operands.allSatisfy { $0?.isFixed ?? true }
                while facts.count < node.outputs.count {
                    facts.append(isFixed ? .known(.unknown) : .mixed(Self.unsaid(node, output: facts.count)))
                }
                return facts
            }
        } catch {
            return Array(repeating: .mixed(error.reason), count: node.outputs.count)
        }
    }

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
        var own: Names = [:]
        for (index, name) in function.inputs.enumerated() where node.inputs.indices.contains(index) {
            // An operand that is left out is one whose name nobody gave.
            if !node.inputs[index].isEmpty { own[name] = names[node.inputs[index]] ?? .mixed(Self.unfollowed) }
        }
        let nodes = function.nodes.map { $0.completed(by: node) }
        let around = version
        version = function.versions[""] ?? version
        depth += 1
        follow(nodes, &own)
        depth -= 1
        version = around
        return function.outputs.map { own[$0] ?? .mixed(Self.unfollowed) }
    }
}

extension ONNXGraph.Node {
    /// A function's node, with the attributes that it takes from the call.
    fileprivate func completed(by call: ONNXGraph.Node) -> ONNXGraph.Node {
        guard !references.isEmpty else { return self }
        var node = self
        for (own, theirs) in references {
            node.attributes.integers[own] = call.attributes.integers[theirs]
            node.attributes.integerLists[own] = call.attributes.integerLists[theirs]
            node.attributes.numbers[own] = call.attributes.numbers[theirs]
            node.attributes.numberLists[own] = call.attributes.numberLists[theirs]
            node.attributes.texts[own] = call.attributes.texts[theirs]
            node.attributes.tensors[own] = call.attributes.tensors[theirs]
            node.attributes.textLists[own] = call.attributes.textLists[theirs]
        }
        return node
    }
}
