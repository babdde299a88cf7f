/// Operators of classical models, and those that ONNX Runtime adds.
extension RowFlow {
    mutating func table(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        switch node.type {
        case "Binarizer", "CategoryMapper", "LabelEncoder": return [try alone(node, operands)]
        case "Imputer":
            let values =
                node.attributes.numberLists["imputed_value_floats"]?.count
                ?? node.attributes.integerLists["imputed_value_int64s"]?.count
            return [values == 1 ? try alone(node, operands) : try table(rows: node, operands, rank: 2)]
        case "Scaler", "Normalizer": return [try table(rows: node, operands, rank: 2)]
        case "LinearRegressor", "SVMRegressor", "TreeEnsembleRegressor", "TreeEnsemble":
            let targets = node.type == "SVMRegressor" ? 1 : node.integer("n_targets") ?? node.integer("targets") ?? 1
            return [try table(rows: node, operands, rank: 2).with(targets, along: 1, &self)]
        case "LinearClassifier", "SVMClassifier", "TreeEnsembleClassifier":
            let value = try table(rows: node, operands, rank: 2)
            guard let sizes = value.sizes, let first = sizes.first else { return [.unknown, .unknown] }
            let numbers = node.integerList("classlabels_ints") ?? node.integerList("classlabels_int64s")
            let classes =
                numbers.flatMap { $0.count <= ONNXTensorReader.mostNumbers ? $0.count : nil }
                ?? node.attributes.textLists["classlabels_strings"]
            // Without probabilities a support vector machine gives a score for each pair of classes.
            let scores = node.type == "SVMClassifier" ? nil : classes
            return [FlowValue(sizes: [first], axis: value.axis), value.with(scores, along: 1, &self)]
        case "OneHotEncoder":
            let value = try alone(node, operands)
            guard let sizes = value.sizes else {
                if value.isFixed { return [.unknown] }
                throw Mixed(unknownShape(node))
            }
            return [FlowValue(sizes: sizes + [newDimension()], axis: value.axis)]
        case "FeatureVectorizer":
            let values = operands.compactMap { $0 }
            if values.allSatisfy(\.isFixed) { return [.unknown] }
            guard let first = values.first,
                values.allSatisfy({ $0.axis == 0 && $0.block == first.block && $0.rank == 2 })
            else { throw Mixed(unknownShape(node)) }
            return [first.withFree(1, &self)]
        case "ArrayFeatureExtractor": return [try extracted(node, operands)]
        default: return try unknown(node, operands)
        }
    }

    /// A table of `rank` axes that begins with rows; with fewer axes a row would be a column.
    func table(rows node: Node, _ operands: [FlowValue?], rank: Int) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        if value.isFixed { return .unknown }
        guard value.rank == rank, value.axis == 0 else {
            throw Mixed(value.rank == nil ? unknownShape(node) : mixes(node))
        }
        return value
    }

    private mutating func extracted(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        guard let table = operands.first ?? nil, let places = operands.element(1) ?? nil else {
            throw Mixed(Self.unfollowed)
        }
        if table.isFixed, places.isFixed { return .unknown }
        guard let sizes = table.sizes, let indices = places.sizes else { throw Mixed(unknownShape(node)) }
        guard let rows = places.axis else {
            guard let own = table.axis, own < sizes.count - 1 else { throw Mixed(mixes(node)) }
            return table.with(SymbolicSize.product(indices)?.constant, along: -1, &self)
        }
        // The places of all rows one after another, along the last axis.
        guard table.isFixed, !sizes.isEmpty, indices[..<rows].allSatisfy({ $0 == .one }),
            let count = SymbolicSize.product(indices)
        else { throw Mixed(mixes(node)) }
        let leading = sizes.count == 1 ? [.one] : Array(sizes.dropLast())
        return FlowValue(sizes: leading + [count], axis: leading.count)
    }

    // MARK: ONNX Runtime's own

    mutating func fused(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        let values = operands.compactMap { $0 }
        switch node.type {
        case "Gelu", "FastGelu", "QuickGelu", "BiasGelu": return [try broadcast(values, node)]
        case "SkipLayerNormalization", "SkipSimplifiedLayerNormalization", "LayerNormalization",
            "SimplifiedLayerNormalization":
            return try skipped(node, operands)
        case "FusedMatMul", "TransposeMatMul":
            guard ["transA", "transB", "transBatchA", "transBatchB"].allSatisfy({ node.integer($0) ?? 0 == 0 }) else {
                return try unknown(node, operands)
            }
            return [try product(node, operands)]
        case "FusedGemm": return [try gemm(node, operands)]
        case "FusedConv":
            let result = try picture(ONNXGraph.Node.renamed(node, "Conv"), Array(operands.prefix(3)))
            // What is added to the picture.
            if let shift = operands.element(3) ?? nil {
                guard !result.isFixed, shift.axis == result.axis, shift.block == result.block,
                    shift.rank == result.rank
                else { throw Mixed(unknownShape(node)) }
            }
            return [result]
        case "MatMulNBits":
            guard let left = operands.first ?? nil, operands.dropFirst().allSatisfy({ $0?.isFixed ?? true }) else {
                throw Mixed(mixes(node))
            }
            guard let rows = left.axis else { return [.unknown] }
            guard let rank = left.rank, rows < rank - 1 else { throw Mixed(mixes(node)) }
            return [left.withFree(-1, &self)]
        case "QuantizeLinear", "DequantizeLinear": return [try quantised(node, operands)]
        case "Attention", "MultiHeadAttention", "RotaryEmbedding": return try attention(node, operands)
        default: return try unknown(node, operands)
        }
    }

    /// A sum of two values of rows, normalised along the last axis.
    private mutating func skipped(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        guard node.type.hasPrefix("Skip") else {
            return try layerNormalised(node, operands, node.integer("axis") ?? -1)
        }
        guard let first = operands.first ?? nil, let second = operands.element(1) ?? nil, first.axis == second.axis,
            first.block == second.block, first.rank == second.rank
        else { throw Mixed(unknownShape(node)) }
        let value = try within(node, [first] + operands.dropFirst(2), lastAxes: 1)
        // The sum itself is the fourth; before it come a mean and a deviation.
        return node.outputs.indices.map { $0 == 1 || $0 == 2 ? value.withFree(-1, &self) : value }
    }

    /// `[rows, …]` throughout: every operand that has a part for each row begins with them, and what is fixed holds for all.
    mutating func attention(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        guard let first = operands.first ?? nil else { throw Mixed(Self.unfollowed) }
        if operands.allSatisfy({ $0?.isFixed ?? true }) { return node.outputs.map { _ in .unknown } }
        guard first.axis == 0, let rank = first.rank, rank >= 3 else { throw Mixed(mixes(node)) }
        for operand in operands.dropFirst() {
            guard let operand, !operand.isFixed else { continue }
            guard operand.axis == 0, operand.block == first.block, let own = operand.rank, own >= 2 else {
                throw Mixed(mixes(node))
            }
        }
        // A mask that is fixed must not be taken for one of the rows' own.
        if node.type == "RotaryEmbedding" {
            // Angles are looked up by places in a table, or given for each row.
            let places = node.domain == "com.microsoft" ? 1 : 3
            let given = operands.element(places) ?? nil
            let tables = node.domain == "com.microsoft" ? [2, 3] : [1, 2]
            func all(_ holds: (FlowValue) -> Bool) -> Bool {
                tables.allSatisfy { (operands.element($0) ?? nil).map(holds) ?? false }
            }
            guard
                given.map({ (!$0.isFixed || $0.sizes == [.one]) && all(\.isFixed) }) ?? all({ $0.axis == 0 })
            else { throw Mixed(unknownShape(node)) }
        } else if node.domain != "com.microsoft" {
            guard [1, 2].allSatisfy({ operands.element($0)??.axis == 0 }),
                [4, 5, 6].allSatisfy({ (operands.element($0) ?? nil)?.isFixed != true })
            else { throw Mixed(unknownShape(node)) }
            if let mask = operands.element(3) ?? nil {
                guard mask.rank.map({ mask.isFixed ? $0 <= 2 : $0 == 4 }) ?? false else {
                    throw Mixed(unknownShape(node))
                }
            }
        }
        if node.domain == "com.microsoft", node.type != "RotaryEmbedding" {
            let places = node.type == "Attention" ? [3, 4, 5] : [1, 2, 4, 5, 6, 7]
            let weights = node.type == "Attention" ? [1, 2] : [3]
            guard places.allSatisfy({ (operands.element($0) ?? nil)?.isFixed != true }),
                weights.allSatisfy({ (operands.element($0) ?? nil)?.isFixed != false })
            else {
                throw Mixed(unknownShape(node))
            }
        }
        guard let sizes = first.sizes else { throw Mixed(unknownShape(node)) }
        let answer = FlowValue(sizes: [sizes[0]] + sizes.dropFirst().map { _ in newDimension() }, axis: 0)
        // Keys, values and (of the standard operator) scores, each [row, head, place, ...].
        let further =
            node.type == "MultiHeadAttention" ? 2 : node.domain != "com.microsoft" && node.type == "Attention" ? 3 : 0
        return [answer]
            + (0..<further).map { _ in
                FlowValue(sizes: [sizes[0], newDimension(), newDimension(), newDimension()], axis: 0)
            }
    }
}

extension ONNXGraph.Node {
    fileprivate static func renamed(_ node: ONNXGraph.Node, _ type: String) -> ONNXGraph.Node {
        var node = node
        node.type = type
        return node
    }
}
