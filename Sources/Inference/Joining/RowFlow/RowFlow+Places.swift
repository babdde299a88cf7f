/// Operators that take or put elements by their places.
extension RowFlow {
    mutating func gathered(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        guard let table = operands.element(0) ?? nil, let places = operands.element(1) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        if table.isFixed, places.isFixed, table.sizes == nil || places.sizes == nil { return .unknown }
        guard let sizes = table.sizes, let indices = places.sizes else { throw Mixed(unknownShape(node)) }
        let axis = try place(node.integer("axis") ?? 0, of: table, node)
        let result = Array(sizes[..<axis]) + indices + Array(sizes[(axis + 1)...])
        switch (table.axis, places.axis) {
        case (nil, nil): return FlowValue(sizes: result)
        case (nil, let rows?): return FlowValue(sizes: result, axis: axis + rows)
        case (let rows?, nil):
            guard rows != axis else { throw Mixed("the operator Gather takes some of a run's rows") }
            return FlowValue(sizes: result, axis: rows < axis ? rows : rows - 1 + indices.count)
        case (.some, .some): throw Mixed("the operator Gather takes from the rows of others what a row says")
        }
    }

    func gatheredElements(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        guard let table = operands.element(0) ?? nil, let places = operands.element(1) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        if table.isFixed, places.isFixed { return places.withoutContent }
        guard table.sizes != nil, places.sizes != nil else { throw Mixed(unknownShape(node)) }
        let axis = try place(node.integer("axis") ?? 0, of: table, node)
        if table.isFixed {
            guard places.axis == axis, table.rank == 1 else { throw Mixed(mixes(node)) }
            return places.withoutContent
        }
        guard table.axis == places.axis, table.block == places.block, table.axis != axis else {
            throw Mixed(mixes(node))
        }
        return places.withoutContent
    }

    mutating func gatheredBlocks(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        guard let table = operands.element(0) ?? nil, let places = operands.element(1) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        if table.isFixed, places.isFixed { return .unknown }
        guard let sizes = table.sizes, let indices = places.sizes, let last = indices.last?.constant else {
            throw Mixed(unknownShape(node))
        }
        let batch = node.integer("batch_dims") ?? 0
        guard batch >= 0, batch < indices.count, last >= 1, last <= sizes.count, batch <= sizes.count - last,
            let rows = places.axis,
            rows < indices.count - 1
        else { throw Mixed(mixes(node)) }
        if !table.isFixed {
            guard table.axis == rows, table.block == places.block, rows < batch else { throw Mixed(mixes(node)) }
        } else if rows < batch {
            throw Mixed(mixes(node))
        }
        return FlowValue(sizes: Array(indices.dropLast()) + sizes[(batch + last)...], axis: rows)
    }

    func scattered(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        if operands.allSatisfy({ $0?.isFixed ?? true }) { return value.withoutContent }
        guard let rows = value.axis, try place(node.integer("axis") ?? 0, of: value, node) != rows,
            operands.allSatisfy({ $0.map { $0.axis == rows && $0.block == value.block } ?? false })
        else { throw Mixed(mixes(node)) }
        return value.withoutContent
    }

    mutating func oneHot(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        guard var sizes = value.sizes else {
            if value.isFixed { return .unknown }
            throw Mixed(unknownShape(node))
        }
        let given = node.integer("axis") ?? -1
        let axis = given < 0 ? given + sizes.count + 1 : given
        guard axis >= 0, axis <= sizes.count else { throw Mixed(unknownShape(node)) }
        sizes.insert(newDimension(), at: axis)
        return FlowValue(sizes: sizes, axis: value.axis.map { $0 >= axis ? $0 + 1 : $0 })
    }

    /// All operands begin with the rows; a fixed one is a shape.
    mutating func batched(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        if node.type == "AffineGrid" {
            guard let angle = operands.first ?? nil, let shape = operands.element(1) ?? nil else {
                throw Mixed(Self.unfollowed)
            }
            if angle.isFixed, !shape.countsRows { return .unknown }
            guard angle.axis == 0, let sizes = shape.shape, let first = sizes.first, first == angle.sizes?.first,
                !sizes.dropFirst().contains(where: \.countsRows)
            else { throw Mixed(unknownShape(node)) }
            return FlowValue(sizes: [first] + sizes.dropFirst(2) + [SymbolicSize(sizes.count - 2)], axis: 0)
        }
        guard let picture = operands.first ?? nil, let grid = operands.element(1) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        if picture.isFixed, grid.isFixed { return .unknown }
        guard picture.axis == 0, grid.axis == 0, picture.block == grid.block, let sizes = picture.sizes,
            let places = grid.sizes, sizes.count == places.count, sizes.count >= 3
        else { throw Mixed(unknownShape(node)) }
        return FlowValue(sizes: Array(sizes.prefix(2)) + places[1..<(places.count - 1)], axis: 0)
    }

    func reversed(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        guard let lengths = operands.element(1) ?? nil else { throw Mixed(Self.unfollowed) }
        if value.isFixed, lengths.isFixed { return value.withoutContent }
        guard let rows = value.axis, node.integer("batch_axis") ?? 1 == rows, node.integer("time_axis") ?? 0 != rows,
            lengths.axis == 0, lengths.block == value.block
        else { throw Mixed(mixes(node)) }
        return value.withoutContent
    }
}
