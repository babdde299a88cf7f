/// Operators that give values another shape.
extension RowFlow {
    /// Shapes of all operands brought to one, as multidirectional broadcasting has it; rows have to meet rows.
    mutating func broadcast(_ values: [FlowValue], _ node: Node) throws(Mixed) -> FlowValue {
        guard let first = values.first else { throw Mixed(Self.unfollowed) }
        if values.count == 1 { return first.withoutContent }
        guard values.contains(where: { !$0.isFixed }) else {
            let shapes = values.compactMap(\.sizes)
            guard shapes.count == values.count else { return .unknown }
            return try aligned(values, node)
        }
        if values.contains(where: { $0.sizes == nil }) {
            // Beside a single number a shape stays, whatever it is.
            let others = values.filter { $0.sizes != [] }
            guard let only = others.first, others.count == 1 else { throw Mixed(unknownShape(node)) }
            return only.withoutContent
        }
        return try aligned(values, node)
    }

    private mutating func aligned(_ values: [FlowValue], _ node: Node) throws(Mixed) -> FlowValue {
        let rank = values.compactMap(\.rank).max() ?? 0
        var sizes: [SymbolicSize] = []
        var axis: Int?
        for place in 0..<rank {
            var meeting: [(size: SymbolicSize, isRows: Bool)] = []
            for value in values {
                guard let own = value.sizes else { throw Mixed(unknownShape(node)) }
                let index = place - (rank - own.count)
                if index >= 0 { meeting.append((own[index], value.axis == index)) }
            }
            guard let rows = meeting.first(where: \.isRows)?.size else {
                sizes.append(common(meeting.map(\.size)))
                continue
            }
            guard axis == nil, meeting.allSatisfy({ $0.isRows ? $0.size == rows : $0.size == .one }) else {
                throw Mixed("the operator \(node.type) takes rows beside what is none, or beside other rows")
            }
            axis = place
            sizes.append(rows)
        }
        return FlowValue(sizes: sizes, axis: axis)
    }

    /// The size of an axis on which several meet, those of 1 being repeated.
    mutating func common(_ sizes: [SymbolicSize]) -> SymbolicSize {
        let others = sizes.filter { $0 != .one }
        guard let first = others.first else { return .one }
        if let known = others.first(where: { $0.constant != nil }) { return known }
        // Beside a dimension that may be 1 the larger one counts.
        return sizes.allSatisfy { $0 == first || $0 == .one } ? first : newDimension()
    }

    mutating func reshaped(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        let target = operands.dropFirst().first ?? nil
        let old = node.integerList("shape").map { $0.map { SymbolicSize($0) } }
        if let target, !target.isFixed { throw Mixed("the operator Reshape makes as many elements as values say") }
        guard let shape = old ?? target?.shape else {
            if value.isFixed, !(target?.countsRows ?? false) { return .unknown }
            throw Mixed(unknownShape(node))
        }
        return try reshaped(value, to: shape, keepsZero: node.integer("allowzero") ?? 0 != 0, node)
    }

    /// - Parameter keepsZero: whether 0 is a size, and not the size that was there.
    private mutating func reshaped(
        _ value: FlowValue, to shape: [SymbolicSize], keepsZero: Bool, _ node: Node
    ) throws(Mixed) -> FlowValue {
        var target = shape
        for (index, size) in shape.enumerated() where size.constant == 0 && !keepsZero {
            if let sizes = value.sizes, sizes.indices.contains(index) {
                target[index] = sizes[index]
            } else if index == value.axis {
                target[index] = .rows
            } else {
                target[index] = newDimension()
            }
        }
        let open = target.firstIndex { $0.constant == -1 }
        guard let axis = value.axis else {
            if target.contains(where: \.countsRows) { throw Mixed(mixes(node)) }
            target = target.map { mayBeAnything($0) }
            if let open { target[open] = value.sizes.flatMap { Self.rest($0, target, open) } ?? newDimension() }
            return FlowValue(sizes: target)
        }
        if let open, let sizes = value.sizes, let rest = Self.rest(sizes, target, open) { target[open] = rest }
        guard target.filter(\.countsRows).count <= 1 else { throw Mixed(mixes(node)) }
        let before = value.sizes.map { SymbolicSize.product($0[..<axis]) } ?? .one
        var outer: SymbolicSize? = .one
        for (place, size) in target.enumerated() {
            if let outer, outer == before {
                if size.countsRows {
                    guard let block = size.divided(by: .rows), !block.countsRows, block.isNeverNegative else {
                        throw Mixed(mixes(node))
                    }
                    for index in target.indices where target[index].constant == -1 { target[index] = newDimension() }
                    target = target.map { mayBeAnything($0) }
                    return FlowValue(sizes: target, axis: place)
                }
                // How many blocks a row becomes is left to the runtime. Where one row alone can be reshaped so, whatever the
                // callers send, each row fills its blocks.
                if size.constant == -1, isOnlyRowsFree,
                    target[(place + 1)...].allSatisfy({ $0.isPositive && !$0.countsRows })
                {
                    guard let rows = SymbolicSize.rows.times(newDimension()) else { throw Mixed(unknownShape(node)) }
                    target[place] = rows
                    target = target.map { mayBeAnything($0) }
                    return FlowValue(sizes: target, axis: place)
                }
            }
            outer = outer?.times(size)
        }
        throw Mixed("the operator \(node.type) may put the numbers of a row into another")
    }

    /// A computed number in a target can come out as 0 or -1, which stand for another size.
    private mutating func mayBeAnything(_ size: SymbolicSize) -> SymbolicSize {
        size.constant == nil && !size.isNeverNegative && !size.countsRows ? newDimension() : size
    }

    /// What is left of `sizes` for the place `open` of `target`.
    private static func rest(_ sizes: [SymbolicSize], _ target: [SymbolicSize], _ open: Int) -> SymbolicSize? {
        var others = target
        others.remove(at: open)
        guard let all = SymbolicSize.product(sizes), let taken = SymbolicSize.product(others) else { return nil }
        return all.divided(by: taken)
    }

    mutating func flattened(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        let axis = node.integer("axis") ?? 1
        guard let sizes = value.sizes else {
            if value.isFixed { return .unknown }
            guard axis == 1 else { throw Mixed(unknownShape(node)) }
            return FlowValue(sizes: [.rows, newDimension()], axis: 0)
        }
        let place = axis < 0 ? axis + sizes.count : axis
        guard place >= 0, place <= sizes.count, let before = SymbolicSize.product(sizes[..<place]),
            let behind = SymbolicSize.product(sizes[place...])
        else { throw Mixed(unknownShape(node)) }
        return try reshaped(value, to: [before, behind], keepsZero: true, node)
    }

    func transposed(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        guard let sizes = value.sizes else {
            if value.isFixed { return .unknown }
            throw Mixed(unknownShape(node))
        }
        let order = node.integerList("perm") ?? sizes.indices.reversed()
        guard order.sorted() == Array(sizes.indices) else { throw Mixed(unknownShape(node)) }
        return FlowValue(sizes: order.map { sizes[$0] }, axis: value.axis.flatMap { order.firstIndex(of: $0) })
    }

    /// Axes that an operator names by an attribute, or by its second operand; `nil` where it names none.
    private func axes(_ node: Node, _ operands: [FlowValue?], name: String = "axes") throws(Mixed) -> [Int]? {
        if let axes = node.integerList(name) { return axes }
        guard let operand = operands.dropFirst().first ?? nil else { return nil }
        guard let axes = operand.integers else { throw Mixed(unknownShape(node)) }
        return axes
    }

    func squeezed(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        // Axes that nobody knows are no matter where there are no rows.
        if value.isFixed, (try? axes(node, operands)) == nil || value.sizes == nil { return .unknown }
        guard value.sizes != nil, let axes = try axes(node, operands) else {
            throw Mixed("a Squeeze that names no axis takes the rows' axis away where there is one row")
        }
        return value.removing(try places(axes, of: value, node))
    }

    func unsqueezed(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        guard let sizes = value.sizes, let axes = try axes(node, operands) else {
            if value.isFixed { return .unknown }
            throw Mixed(unknownShape(node))
        }
        let rank = sizes.count + axes.count
        let places = Set(axes.map { $0 < 0 ? $0 + rank : $0 })
        guard places.count == axes.count, places.allSatisfy({ (0..<rank).contains($0) }) else {
            throw Mixed(unknownShape(node))
        }
        let kept = (0..<rank).filter { !places.contains($0) }
        var result = Array(repeating: SymbolicSize.one, count: rank)
        for (old, new) in kept.enumerated() { result[new] = sizes[old] }
        return FlowValue(sizes: result, axis: value.axis.map { kept[$0] })
    }

    mutating func expanded(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        guard let target = operands.dropFirst().first ?? nil else { throw Mixed(Self.unfollowed) }
        guard target.isFixed else { throw Mixed("the operator Expand makes as many elements as values say") }
        guard let shape = target.shape else {
            if value.isFixed, !target.countsRows { return .unknown }
            throw Mixed(unknownShape(node))
        }
        let rows = shape.indices.filter { shape[$0].countsRows }
        guard rows.count <= 1 else { throw Mixed(mixes(node)) }
        return try broadcast([value, FlowValue(sizes: shape, axis: rows.first)], node)
    }

    func tiled(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        guard let repeats = operands.dropFirst().first ?? nil, repeats.isFixed else {
            throw Mixed("the operator Tile makes as many elements as values say")
        }
        guard let times = repeats.shape, let sizes = value.sizes, times.count == sizes.count else {
            if value.isFixed, !repeats.countsRows { return .unknown }
            throw Mixed(unknownShape(node))
        }
        var result: [SymbolicSize] = []
        var axis = value.axis
        for (index, size) in sizes.enumerated() {
            guard let product = size.times(times[index]) else { throw Mixed(unknownShape(node)) }
            if times[index].countsRows {
                guard axis == nil else { throw Mixed(mixes(node)) }
                axis = index
            } else if index == value.axis, times[index] != .one {
                throw Mixed(mixes(node))
            }
            result.append(product)
        }
        return FlowValue(sizes: result, axis: axis)
    }

    func filled(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let shape = try first(node, operands)
        guard shape.isFixed else { throw Mixed("the operator ConstantOfShape makes as many elements as values say") }
        guard let sizes = shape.shape else {
            guard !shape.countsRows else { throw Mixed(mixes(node)) }
            return .unknown
        }
        let rows = sizes.indices.filter { sizes[$0].countsRows }
        guard rows.count <= 1 else { throw Mixed(mixes(node)) }
        guard let axis = rows.first else { return FlowValue(sizes: sizes) }
        guard sizes[axis].divided(by: .rows).map({ !$0.countsRows }) ?? false else { throw Mixed(mixes(node)) }
        return FlowValue(sizes: sizes, axis: axis)
    }

    mutating func concatenated(_ node: Node, _ values: [FlowValue]) throws(Mixed) -> FlowValue {
        guard let axis = node.integer("axis") ?? (version < 4 ? 1 : nil),
            let known = values.first(where: { $0.rank != nil })
        else {
            if values.allSatisfy(\.isFixed) { return .unknown }
            throw Mixed(unknownShape(node))
        }
        let along = try place(axis, of: known, node)
        guard let rows = values.first(where: { !$0.isFixed }) else {
            guard values.allSatisfy({ $0.rank == known.rank }) else { return .unknown }
            return joined(values, known, along)
        }
        guard values.allSatisfy({ $0.axis == rows.axis && $0.block == rows.block }) else {
            throw Mixed("the operator Concat takes rows beside what is none, or beside other rows")
        }
        if rows.axis == along { throw Mixed(mixes(node)) }
        guard values.allSatisfy({ $0.rank == known.rank }) else { throw Mixed(unknownShape(node)) }
        return joined(values, known, along)
    }

    private mutating func joined(_ values: [FlowValue], _ known: FlowValue, _ along: Int) -> FlowValue {
        guard var sizes = known.sizes else { return .unknown }
        let parts = values.compactMap { $0.sizes?[along] }
        let numbers = parts.compactMap(\.constant)
        sizes[along] = numbers.count == values.count ? SymbolicSize(numbers.reduce(0, &+)) : newDimension()
        return FlowValue(sizes: sizes, axis: known.axis)
    }

    mutating func divided(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        let axis = node.integer("axis") ?? 0
        let value = try along(node, operands, axis)
        var parts = node.integerList("split") ?? (operands.dropFirst().first ?? nil)?.integers
        let count = node.outputs.count
        if parts == nil, operands.dropFirst().first.map({ $0 == nil }) ?? true, let sizes = value.sizes,
            let size = sizes[try place(axis, of: value, node)].constant, count > 0, size % count == 0
        {
            parts = Array(repeating: size / count, count: count)
        }
        var results: [FlowValue] = []
        for index in 0..<count {
            results.append(value.with(parts?.count == count ? parts?[index] : nil, along: axis, &self))
        }
        return results
    }

    mutating func cut(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        guard operands.dropFirst().allSatisfy({ $0?.isFixed ?? true }) else {
            throw Mixed("the operator Slice makes as many elements as values say")
        }
        func list(_ name: String, _ index: Int) -> [SymbolicSize]? {
            node.integerList(name)?.map { SymbolicSize($0) }
                ?? (operands.indices.contains(index) ? operands[index]?.shape : nil)
        }
        let bounds = [list("starts", 1), list("ends", 2)]
        let named = list("axes", 3)
        let axes: [Int]
        if operands.indices.contains(3), operands[3] != nil || node.integerList("axes") != nil {
            guard let known = named?.compactMap(\.constant), known.count == named?.count else {
                if value.isFixed, !operands.dropFirst().contains(where: { $0?.countsRows ?? false }) { return .unknown }
                throw Mixed(unknownShape(node))
            }
            axes = known
        } else if let known = node.integerList("axes") {
            axes = known
        } else {
            let count = bounds[0]?.count ?? operands.dropFirst().first??.sizes?.first?.constant
            guard let count else {
                if value.isFixed, !operands.dropFirst().contains(where: { $0?.countsRows ?? false }) { return .unknown }
                throw Mixed(unknownShape(node))
            }
            axes = Array(0..<count)
        }
        var result = value.withoutContent
        for (index, axis) in axes.enumerated() {
            let place = try place(axis, of: value, node)
            let (start, end) = (bounds[0]?.element(index), bounds[1]?.element(index))
            let step = operands.indices.contains(4) && operands[4] != nil ? operands[4]?.integers?.element(index) : 1
            // All of them, as exporters write it: an end that no axis comes near.
            let isWhole =
                start?.constant == 0 && step == 1
                && (end?.constant.map { $0 >= 1 << 29 } ?? false || end != nil && end == value.sizes?[place])
            if isWhole { continue }
            if place == value.axis { throw Mixed("the operator Slice takes some of a run's rows") }
            if start?.countsRows ?? false || end?.countsRows ?? false {
                throw Mixed("the operator Slice takes the number of rows as a number")
            }
            if let size = sliced(value.sizes?[place], start, end, step), var sizes = result.sizes {
                sizes[place] = size
                result.sizes = sizes
            } else {
                result = result.withFree(place, &self)
            }
        }
        return result
    }

    private func sliced(
        _ size: SymbolicSize?, _ start: SymbolicSize?, _ end: SymbolicSize?, _ step: Int?
    ) -> SymbolicSize? {
        guard step == 1, let start = start?.constant else { return nil }
        if start == 0, let end, end.constant == nil, end.isNeverNegative, let size, size.constant == nil {
            return end == size ? size : nil
        }
        guard let count = size?.constant, let end = end?.constant, count >= 0 else { return nil }
        let from = min(max(start < 0 ? start &+ count : start, 0), count)
        let to = min(max(end < 0 ? end &+ count : end, 0), count)
        return SymbolicSize(max(0, to - from))
    }

    mutating func padded(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        let pads =
            (node.integerList("pads") ?? node.integerList("paddings")).map { $0.map { SymbolicSize($0) } }
            ?? operands.dropFirst().first??.shape
        guard let rank = value.rank else {
            if value.isFixed { return .unknown }
            throw Mixed(unknownShape(node))
        }
        var places = Array(0..<rank)
        if operands.count > 3, let given = operands[3] {
            guard let axes = given.integers else { throw Mixed(unknownShape(node)) }
            places = []
            for axis in axes { places.append(try place(axis, of: value, node)) }
        }
        var result = value
        for (index, place) in places.enumerated() {
            let isNone =
                pads?.count == 2 * places.count && pads?[index].constant == 0
                && pads?[index + places.count].constant == 0
            if isNone { continue }
            if place == value.axis { throw Mixed("the operator Pad may add rows") }
            let parts = [value.sizes?[place], pads?.element(index), pads?.element(index + places.count)].map {
                $0?.constant
            }
            let known = parts.compactMap { $0 }.filter { $0.magnitude < 1 << 32 }
            result = result.with(known.count == parts.count ? known.reduce(0, +) : nil, along: place, &self)
        }
        return result
    }
}

extension Array {
    func element(_ index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
