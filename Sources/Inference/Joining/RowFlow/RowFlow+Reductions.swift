/// Operators that take several elements of one value together: rows have to be along another axis.
extension RowFlow {
    mutating func reduced(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try first(node, operands)
        let given = operands.dropFirst().first ?? nil
        if let given, !given.isFixed { throw Mixed(mixes(node)) }
        guard let axes = node.integerList("axes") ?? given?.integers, !axes.isEmpty else {
            if value.isFixed { return .unknown }
            if given == nil || given?.integers != nil, node.integer("noop_with_empty_axes") ?? 0 != 0 {
                return value.withoutContent
            }
            throw Mixed(given == nil || given?.integers != nil ? mixes(node) : unknownShape(node))
        }
        return try without(axes, value, node)
    }

    func argument(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        try without([node.integer("axis") ?? 0], try alone(node, operands), node)
    }

    private func without(_ axes: [Int], _ value: FlowValue, _ node: Node) throws(Mixed) -> FlowValue {
        let keeps = node.integer("keepdims") ?? 1 != 0
        guard var sizes = value.sizes else {
            if value.isFixed { return .unknown }
            // Axes from the front are known without the number of axes.
            guard axes.allSatisfy({ $0 > 0 }) else { throw Mixed(unknownShape(node)) }
            return value
        }
        let places = try places(axes, of: value, node)
        guard keeps else { return value.removing(places) }
        for place in places { sizes[place] = .one }
        return FlowValue(sizes: sizes, axis: value.axis)
    }

    /// Before version 13 all axes from the one that is named on went together, the default being the second.
    func softmax(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        guard version < 13 else { return try along(node, operands, node.integer("axis") ?? -1) }
        guard let rows = value.axis else { return value }
        guard rows < (try place(node.integer("axis") ?? 1, of: value, node)) else { throw Mixed(mixes(node)) }
        return value
    }

    func layerNormalised(_ node: Node, _ operands: [FlowValue?], _ axis: Int) throws(Mixed) -> [FlowValue] {
        let value = try alone(node, operands)
        guard let rows = value.axis else { return node.outputs.map { _ in .unknown } }
        guard var sizes = value.sizes else { throw Mixed(unknownShape(node)) }
        let first = try place(axis, of: value, node)
        guard rows < first else { throw Mixed(mixes(node)) }
        // Scales and shifts have no more axes than what they are for.
        for operand in operands.dropFirst() {
            guard let operand, (operand.rank ?? .max) > sizes.count - rows - 1 else { continue }
            guard let own = operand.sizes, own.count <= sizes.count,
                own.element(own.count - sizes.count + rows).map({ $0 == .one }) ?? true
            else { throw Mixed(unknownShape(node)) }
        }
        for place in first..<sizes.count { sizes[place] = .one }
        let statistics = FlowValue(sizes: sizes, axis: rows)
        return [value] + node.outputs.dropFirst().map { _ in statistics }
    }

    /// With a scale for the whole, or for each place along another axis.
    func quantised(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        guard let rows = value.axis else { return value }
        for operand in operands.dropFirst() {
            guard let operand else { continue }
            guard let sizes = operand.sizes else { throw Mixed(unknownShape(node)) }
            guard node.integer("block_size") ?? 0 == 0 else { throw Mixed(unknownShape(node)) }
            if sizes.allSatisfy({ $0 == .one }) { continue }
            guard sizes.count == 1 else { throw Mixed(unknownShape(node)) }
            if try place(node.integer("axis") ?? 1, of: value, node) == rows { throw Mixed(mixes(node)) }
        }
        return value
    }

    /// `[rows, channels, …]`: each row is a picture of its own.
    mutating func picture(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        // Before version 14 further outputs said so.
        let isTraining =
            version >= 14
            ? node.integer("training_mode") ?? 0 != 0 : node.outputs.dropFirst().contains { !$0.isEmpty }
        if node.type == "BatchNormalization", isTraining {
            throw Mixed("a BatchNormalization in training mode takes its mean over the whole run")
        }
        let value = try alone(node, operands)
        guard let rows = value.axis else {
            return value.sizes == nil ? .unknown : FlowValue(sizes: value.sizes?.map { _ in newDimension() })
        }
        guard let sizes = value.sizes, sizes.count >= 2 else { throw Mixed(unknownShape(node)) }
        guard rows == 0 else { throw Mixed(mixes(node)) }
        switch node.type {
        case "InstanceNormalization", "GroupNormalization", "LRN", "BatchNormalization": return value
        case "GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool":
            return FlowValue(sizes: Array(sizes.prefix(2)) + sizes.dropFirst(2).map { _ in .one }, axis: 0)
        case "Conv", "AveragePool", "MaxPool", "LpPool", "QLinearConv":
            let weights = operands.element(node.type == "QLinearConv" ? 3 : 1) ?? nil
            return FlowValue(sizes: windowed(node, sizes, weights), axis: 0)
        default:
            return FlowValue(sizes: [sizes[0]] + sizes.dropFirst().map { _ in newDimension() }, axis: 0)
        }
    }

    /// What windows that slide over a picture leave of it, where that can be said.
    private mutating func windowed(_ node: Node, _ sizes: [SymbolicSize], _ weights: FlowValue?) -> [SymbolicSize] {
        let isPool = node.type.hasSuffix("Pool")
        let channels = isPool ? sizes[1] : weights?.sizes?.first ?? newDimension()
        let kernel = node.integerList("kernel_shape") ?? weights?.sizes?.dropFirst(2).map { $0.constant ?? 0 }
        let spatial = sizes.count - 2
        let strides = node.integerList("strides") ?? Array(repeating: 1, count: spatial)
        let gaps = node.integerList("dilations") ?? Array(repeating: 1, count: spatial)
        let pads = node.integerList("pads") ?? Array(repeating: 0, count: 2 * spatial)
        let automatic = node.attributes.texts["auto_pad"] ?? "NOTSET"
        let ceils = node.integer("ceil_mode") ?? 0 != 0
        return [sizes[0], channels]
            + (0..<spatial).map { index in
                guard automatic == "NOTSET" || automatic == "VALID", !ceils, let size = sizes[index + 2].constant,
                    let kernel, kernel.count == spatial, kernel[index] > 0, strides.count == spatial,
                    strides[index] > 0, gaps.count == spatial, gaps[index] > 0, pads.count == 2 * spatial,
                    [size, kernel[index], gaps[index], pads[index], pads[index + spatial]].allSatisfy({
                        $0.magnitude < 1 << 24
                    })
                else { return newDimension() }
                let padded = size + (automatic == "VALID" ? 0 : pads[index] + pads[index + spatial])
                let window = gaps[index] * (kernel[index] - 1) + 1
                return padded >= window ? SymbolicSize((padded - window) / strides[index] + 1) : newDimension()
            }
    }

    mutating func topK(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        let count = operands.dropFirst().first ?? nil
        if let count, !count.isFixed { throw Mixed("the operator TopK makes as many elements as values say") }
        let axis = node.integer("axis") ?? -1
        let known = node.integer("k") ?? count?.integers?.first
        let value = try along(node, operands, axis).with(known, along: axis, &self)
        return [value, value]
    }

    /// Sizes by factors, or as they are to be; the rows' axis keeps its own.
    mutating func resized(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        guard let rows = value.axis else {
            guard !operands.contains(where: { $0?.countsRows ?? false }) else { throw Mixed(mixes(node)) }
            return .unknown
        }
        guard let sizes = value.sizes else { throw Mixed(unknownShape(node)) }
        // Proportions, and a part that is cut out, may be those of the rows' axis, too.
        let stretches =
            node.attributes.texts["keep_aspect_ratio_policy"] ?? "stretch" == "stretch"
            && node.attributes.texts["coordinate_transformation_mode"] != "tf_crop_and_resize"
        var places = Array(sizes.indices)
        if let axes = node.integerList("axes") {
            places = []
            for axis in axes { places.append(try place(axis, of: value, node)) }
        }
        let isOld = node.type == "Upsample" || version < 11
        let factors =
            node.attributes.numberLists["scales"]?.map { Double($0) }
            ?? (operands.element(isOld ? 1 : 2) ?? nil)?.content?.compactMap(\.number)
        let wanted = isOld ? nil : (operands.element(3) ?? nil)?.shape
        var result = sizes
        for (index, place) in places.enumerated() {
            if place == rows {
                let keeps =
                    stretches && factors?.element(index) == 1 && factors?.count == places.count
                    || stretches && wanted?.element(index) == sizes[place]
                guard keeps else { throw Mixed("the operator \(node.type) may make other rows of a run's") }
            } else if wanted?.element(index)?.countsRows ?? false {
                throw Mixed("the operator \(node.type) takes the number of rows as a number")
            } else {
                result[place] = newDimension()
            }
        }
        return FlowValue(sizes: result, axis: rows)
    }
}
