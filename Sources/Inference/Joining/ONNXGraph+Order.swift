extension ONNXGraph {
    /// Each node after those that make what it takes, as the runtime sorts them by itself; `nil` for each that never can run.
    static func inOrder(_ nodes: [Node]) -> [Node?] {
        var makers: [String: Int] = [:]
        for (index, node) in nodes.enumerated() {
            for output in node.outputs where !output.isEmpty { makers[output] = index }
        }
        var missing = Array(repeating: 0, count: nodes.count)
        var takers: [Int: [Int]] = [:]
        for (index, node) in nodes.enumerated() {
            // What a graph within makes itself may have the same name; then it waits for nothing that matters.
            for maker in Set(node.taken.compactMap { makers[$0] }) where maker != index {
                missing[index] += 1
                takers[maker, default: []].append(index)
            }
        }
        var order = nodes.indices.filter { missing[$0] == 0 }
        var next = 0
        while next < order.count {
            for taker in takers[order[next]] ?? [] {
                missing[taker] -= 1
                if missing[taker] == 0 { order.append(taker) }
            }
            next += 1
        }
        return order.map { nodes[$0] } + Array(repeating: nil, count: nodes.count - order.count)
    }
}

extension ONNXGraph.Node {
    /// Names that it takes, those of graphs within included.
    fileprivate var taken: [String] {
        inputs.filter { !$0.isEmpty }
            + graphs.values.flatMap { graph in graph.outputs + graph.nodes.flatMap(\.taken) }
    }
}
