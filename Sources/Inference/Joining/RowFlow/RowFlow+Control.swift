/// Operators that hold graphs.
extension RowFlow {
    /// An If that does not depend on rows: both branches have to agree, where it is not known which is taken.
    mutating func branch(_ node: Node, _ names: Names) throws(Mixed) -> [Fact] {
        guard let condition = try operands(node, names).first ?? nil, let then = node.graphs["then_branch"],
            let otherwise = node.graphs["else_branch"]
        else { throw Mixed(Self.unfollowed) }
        guard condition.isFixed else { throw Mixed("an If decides by values, once for all rows of a run") }
        guard !condition.countsRows else { throw Mixed("an If decides by the number of rows") }
        if let flag = condition.content?.first?.flag { return facts(flag ? then : otherwise, names) }
        return zip(facts(then, names), facts(otherwise, names)).map { Self.either($0, $1) }
    }

    private mutating func facts(_ graph: ONNXGraph, _ names: Names) -> [Fact] {
        var names = names.within
        follow(graph, &names)
        return graph.outputs.map { names[$0] ?? .mixed(Self.unfollowed) }
    }

    /// What is known of a value that is one or the other.
    private static func either(_ one: Fact, _ other: Fact) -> Fact {
        switch (one, other) {
        case (.mixed, _): return one
        case (_, .mixed): return other
        case (.known(let a), .known(let b)):
            if a == b { return one }
            guard a.axis == b.axis, a.block == b.block, !a.countsRows, !b.countsRows else {
                return .mixed("a value has rows in one branch of the graph and not, or elsewhere, in the other")
            }
            // The shape is one of the two; what is said of it has to hold for both.
            guard a.axis == nil || a.axis == 0 || a.sizes == b.sizes else {
                return .mixed("the axis of rows cannot be followed through both branches of the graph")
            }
            if a.sizes == b.sizes { return .known(FlowValue(sizes: a.sizes, axis: a.axis)) }
            return a.axis == nil || a.block == .one
                ? .known(FlowValue(sizes: nil, axis: a.axis))
                : .mixed("the axis of rows cannot be followed through both branches of the graph")
        }
    }

    /// A Loop whose rounds do not depend on rows, until what is carried brings nothing new.
    mutating func loop(_ node: Node, _ names: Names) throws(Mixed) -> [Fact] {
        guard let body = node.graphs["body"], body.inputs.count >= 2, !body.outputs.isEmpty else {
            throw Mixed(Self.unfollowed)
        }
        let operands = try operands(node, names)
        for operand in operands.prefix(2) {
            guard let operand else { continue }
            guard operand.isFixed else { throw Mixed("a Loop runs as long as values say") }
            guard !operand.countsRows else { throw Mixed("a Loop runs once for each row") }
        }
        let carried = operands.dropFirst(2).map { $0 ?? .unknown }
        guard body.inputs.count == carried.count + 2, body.outputs.count > carried.count else {
            throw Mixed(Self.unfollowed)
        }
        let last = try settled(
            body, before: [FlowValue(sizes: []), FlowValue(sizes: [])], carried, names, states: 1..<(1 + carried.count))
        if case .known(let condition)? = last.first, !condition.isFixed || condition.countsRows {
            throw Mixed("a Loop runs as long as values say")
        }
        if case .mixed(let reason)? = last.first { throw Mixed(reason) }
        var results = Array(last.dropFirst().prefix(carried.count))
        for fact in last.dropFirst(1 + carried.count) { results.append(stacked(fact)) }
        return results
    }

    /// A Scan over another axis than that of rows.
    mutating func scan(_ node: Node, _ names: Names) throws(Mixed) -> [Fact] {
        let operands = try operands(node, names)
        guard version >= 9, let body = node.graphs["body"], body.inputs.count == operands.count,
            let count = node.attributes.integers["num_scan_inputs"].map({ Int(clamping: $0) }), count >= 0,
            count <= operands.count
        else { throw Mixed(Self.unfollowed) }
        let states = operands.dropLast(count).map { $0 ?? .unknown }
        let axes = node.attributes.integerLists["scan_input_axes"] ?? []
        var sequences: [FlowValue] = []
        for (index, operand) in operands.suffix(count).enumerated() {
            let axis = axes.indices.contains(index) ? axes[index] : 0
            sequences.append(try slice(operand ?? .unknown, node, axis: Int(clamping: axis)))
        }
        guard body.outputs.count >= states.count,
            node.attributes.integerLists["scan_output_axes", default: []].allSatisfy({ $0 == 0 })
        else { throw Mixed(Self.unfollowed) }
        let last = try settled(
            body, before: [], Array(states), names, after: sequences, states: 0..<states.count)
        var results = Array(last.prefix(states.count))
        for fact in last.dropFirst(states.count) { results.append(stacked(fact)) }
        return results
    }

    /// One place along an axis that does not count rows.
    private func slice(_ value: FlowValue, _ node: Node, axis: Int) throws(Mixed) -> FlowValue {
        guard var sizes = value.sizes else {
            if value.isFixed, !value.countsRows { return .unknown }
            throw Mixed(unknownShape(node))
        }
        let axis = axis < 0 ? axis + sizes.count : axis
        guard sizes.indices.contains(axis) else { throw Mixed(Self.unfollowed) }
        guard value.axis != axis else { throw Mixed(mixes(node)) }
        guard !value.countsRows else { throw Mixed("the operator \(node.type) takes the number of rows as a number") }
        sizes.remove(at: axis)
        return FlowValue(sizes: sizes, axis: value.axis.map { $0 > axis ? $0 - 1 : $0 })
    }

    /// Values of each round, one after another.
    private mutating func stacked(_ fact: Fact) -> Fact {
        guard case .known(let value) = fact else { return fact }
        if value.countsRows { return .mixed("the number of rows is collected by rounds") }
        guard let sizes = value.sizes else { return value.isFixed ? .known(.unknown) : .mixed(Self.unfollowed) }
        // How many rounds there were is not known, and the same whatever the rows are.
        return .known(FlowValue(sizes: [newDimension()] + sizes, axis: value.axis.map { $0 + 1 }))
    }

    /// What a body gives once what goes round has settled.
    private mutating func settled(
        _ body: ONNXGraph, before: [FlowValue], _ initial: [FlowValue], _ names: Names, after: [FlowValue] = [],
        states: Range<Int>
    ) throws(Mixed) -> [Fact] {
        var carried = initial
        for _ in 0..<8 {
            var inside = names.within
            for (name, value) in zip(body.inputs, before + carried + after) { inside[name] = .known(value) }
            let outputs = facts(body, inside)
            guard !initial.isEmpty else { return outputs }
            var next: [FlowValue] = []
            for (index, fact) in outputs[states].enumerated() {
                switch fact {
                case .mixed(let reason): throw Mixed(reason)
                case .known(let value): next.append(try widened(carried[index], value))
                }
            }
            // A loop of no round gives what went in.
            if next == carried {
                return Array(outputs[..<states.lowerBound]) + carried.map { .known($0) }
                    + Array(outputs[states.upperBound...])
            }
            carried = next
        }
        throw Mixed(Self.goesRound)
    }

    private static let goesRound = "what a loop carries from round to round cannot be followed"

    /// What holds at the start of every round.
    private mutating func widened(_ before: FlowValue, _ after: FlowValue) throws(Mixed) -> FlowValue {
        if before == after { return before }
        // Before the first round, or without one, it is what it was.
        guard !before.countsRows, !after.countsRows, before.axis == after.axis else {
            throw Mixed(Self.goesRound)
        }
        let axis = after.axis
        guard let a = before.sizes, let b = after.sizes, a.count == b.count else {
            guard axis == nil || axis == 0 && after.block == .one else { throw Mixed(Self.goesRound) }
            return FlowValue(sizes: nil, axis: axis)
        }
        guard before.block == after.block else { throw Mixed(Self.goesRound) }
        let sizes = a.indices.map { index in
            if index == axis { return b[index] }
            return a[index] == b[index] ? a[index] : number("widened", [.size(a[index]), .size(b[index])])
        }
        return FlowValue(sizes: sizes, axis: axis)
    }
}
