/// Operators that multiply and sum over an axis: rows have to be along another.
extension RowFlow {
    /// A matrix product; of quantised ones the two matrices stand at other places, and scales are fixed.
    mutating func product(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let places = node.type == "QLinearMatMul" ? [0, 3] : [0, 1]
        guard let left = operands.element(places[0]) ?? nil, let right = operands.element(places[1]) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        let others = operands.indices.filter { !places.contains($0) }
        guard others.allSatisfy({ operands[$0]?.isFixed ?? true }) else { throw Mixed(mixes(node)) }
        if !others.isEmpty, !left.isFixed || !right.isFixed {
            // A scale for each line of the rows' own matrix would be one for each row; weights may have one for each column.
            let free = right.isFixed ? [4, 5] : []
            let single = others.allSatisfy {
                free.contains($0) || operands[$0]?.sizes?.allSatisfy { $0 == .one } ?? true
            }
            guard single else { throw Mixed(unknownShape(node)) }
        }
        return try product(node, left, right)
    }

    mutating func product(_ node: Node, _ left: FlowValue, _ right: FlowValue) throws(Mixed) -> FlowValue {
        guard !left.isFixed || !right.isFixed else { return fixedProduct(left, right) }
        guard var a = left.sizes, var b = right.sizes, !a.isEmpty, !b.isEmpty else { throw Mixed(unknownShape(node)) }
        // A vector is a line, or a column, whose axis goes again.
        let (isLine, isColumn) = (a.count == 1, b.count == 1)
        let summed = "the operator \(node.type) sums over the rows of a run"
        if left.axis == a.count - 1 { throw Mixed(summed) }
        if isColumn ? right.axis == 0 : right.axis == b.count - 2 { throw Mixed(summed) }
        if isLine { a.insert(.one, at: 0) }
        if isColumn { b.append(.one) }
        let leftAxis = left.axis.map { isLine ? $0 + 1 : $0 }
        let (lines, columns) = (a[a.count - 2], b[b.count - 1])
        let isLinesRows = leftAxis == a.count - 2
        let isColumnsRows = right.axis == b.count - 1
        let batch = try broadcast(
            [
                FlowValue(sizes: Array(a.dropLast(2)), axis: isLinesRows ? nil : leftAxis),
                FlowValue(sizes: Array(b.dropLast(2)), axis: isColumnsRows ? nil : right.axis),
            ], node)
        let found = [
            batch.axis, isLinesRows ? (batch.rank ?? 0) : nil,
            isColumnsRows ? (batch.rank ?? 0) + (isLine ? 0 : 1) : nil,
        ].compactMap { $0 }
        guard found.count == 1 else {
            throw Mixed("the operator \(node.type) takes every row of a run with every other")
        }
        var sizes = batch.sizes ?? []
        if !isLine { sizes.append(lines) }
        if !isColumn { sizes.append(columns) }
        return FlowValue(sizes: sizes, axis: found[0])
    }

    private mutating func fixedProduct(_ left: FlowValue, _ right: FlowValue) -> FlowValue {
        guard let a = left.sizes, let b = right.sizes, a.count == 2, b.count == 2 else { return .unknown }
        return FlowValue(sizes: [a[0], b[1]])
    }

    mutating func gemm(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        guard let left = operands.element(0) ?? nil, let right = operands.element(1) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        let a = node.integer("transA") ?? 0 != 0 ? try turned(left, node) : left
        let b = node.integer("transB") ?? 0 != 0 ? try turned(right, node) : right
        let result = try product(node, a, b)
        guard let shift = operands.element(2) ?? nil else { return result }
        // It may be smaller than the product, never larger.
        if result.isFixed, !shift.isFixed { throw Mixed(mixes(node)) }
        return try broadcast([result, shift], node)
    }

    private func turned(_ value: FlowValue, _ node: Node) throws(Mixed) -> FlowValue {
        guard let sizes = value.sizes, sizes.count == 2 else {
            if value.isFixed { return .unknown }
            throw Mixed(unknownShape(node))
        }
        return FlowValue(sizes: sizes.reversed(), axis: value.axis.map { 1 - $0 })
    }

    /// Of letters: those of rows have to be one, and stay.
    mutating func einsum(_ node: Node, _ values: [FlowValue]) throws(Mixed) -> FlowValue {
        guard values.contains(where: { !$0.isFixed }) else { return .unknown }
        let equation = (node.attributes.texts["equation"] ?? "").filter { $0 != " " }
        let sides = equation.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let terms = (sides.first ?? "").split(separator: ",", omittingEmptySubsequences: false).map(Array.init)
        guard sides.count == 2, sides[1].first == ">", !equation.contains("."), terms.count == values.count else {
            throw Mixed(unknownShape(node))
        }
        let output = Array(sides[1].dropFirst())
        var letter: Character?
        var found: [Character: [SymbolicSize]] = [:]
        for (term, value) in zip(terms, values) {
            guard let sizes = value.sizes, sizes.count == term.count else { throw Mixed(unknownShape(node)) }
            for (name, size) in zip(term, sizes) { found[name, default: []].append(size) }
            if let axis = value.axis {
                guard letter.map({ $0 == term[axis] }) ?? true else {
                    throw Mixed("the operator Einsum takes every row of a run with every other")
                }
                letter = term[axis]
            }
        }
        let known = found.mapValues { common($0) }
        guard let letter, let place = output.firstIndex(of: letter) else {
            throw Mixed("the operator Einsum sums over the rows of a run")
        }
        for (term, value) in zip(terms, values) {
            for (index, name) in term.enumerated() where name == letter {
                let isRows = index == value.axis && value.sizes?[index] == known[letter]
                guard isRows || value.sizes?[index] == .one && value.isFixed else { throw Mixed(mixes(node)) }
            }
        }
        let sizes = output.map { known[$0] ?? newDimension() }
        guard Set(output).count == output.count else { throw Mixed(unknownShape(node)) }
        return FlowValue(sizes: sizes, axis: place)
    }

    /// `[steps, rows, width]`, or with the layout 1 `[rows, steps, width]`; states `[directions, rows, width]`.
    mutating func recurrent(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        let isRowsFirst = node.integer("layout") ?? 0 != 0
        let axis = isRowsFirst ? 0 : 1
        var rowed = [0: axis, 4: 0, 5: axis]
        if node.type == "LSTM" { rowed[6] = axis }
        guard let input = operands.first ?? nil else { throw Mixed(Self.unfollowed) }
        guard operands.contains(where: { $0.map { !$0.isFixed } ?? false }) else {
            return node.outputs.map { _ in .unknown }
        }
        for (index, operand) in operands.enumerated() {
            guard let operand else { continue }
            let wanted = rowed[index]
            guard operand.axis == wanted else { throw Mixed(operand.isFixed ? unknownShape(node) : mixes(node)) }
            guard operand.isFixed || operand.block == input.block else { throw Mixed(unknownShape(node)) }
        }
        guard let sizes = input.sizes, sizes.count == 3, let rows = input.axis else { throw Mixed(unknownShape(node)) }
        let directions = SymbolicSize(node.attributes.texts["direction"] == "bidirectional" ? 2 : 1)
        let width = node.integer("hidden_size").map { SymbolicSize($0) } ?? newDimension()
        let steps = sizes[1 - rows]
        let all =
            isRowsFirst
            ? FlowValue(sizes: [sizes[rows], steps, directions, width], axis: 0)
            : FlowValue(sizes: [steps, directions, sizes[rows], width], axis: 2)
        let last =
            isRowsFirst
            ? FlowValue(sizes: [sizes[rows], directions, width], axis: 0)
            : FlowValue(sizes: [directions, sizes[rows], width], axis: 1)
        return [all, last, last]
    }
}
