/// What is known of each operator. A rule says what its outputs are, or why they are mixed.
///
/// - Source: the definitions of the standard operators and of `ai.onnx.ml` (onnx.ai), and of ONNX Runtime's own.
extension RowFlow {
    func mixes(_ node: Node) -> String { "the operator \(node.type) takes the rows of a run together" }
    func unknownShape(_ node: Node) -> String {
        "the shapes at the operator \(node.type) cannot be followed"
    }

    mutating func outputs(of node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        if let computed = computed(node, operands) { return computed }
        let sizing = ["", "ai.onnx"].contains(node.domain) ? Self.sizing[node.type] ?? [] : []
        for (index, operand) in operands.enumerated() where !sizing.contains(index) {
            if operand?.countsRows ?? false {
                throw Mixed("the operator \(node.type) takes the number of rows as a number")
            }
        }
        switch node.domain {
        case "", "ai.onnx": return try standard(node, operands)
        case "ai.onnx.ml": return try table(node, operands)
        case "com.microsoft": return try fused(node, operands)
        default: return try unknown(node, operands)
        }
    }

    /// Operands that are shapes, and may count rows.
    private static let sizing: [String: Set<Int>] = [
        "Reshape": [1], "Expand": [1], "ConstantOfShape": [0], "Tile": [1], "Slice": [1, 2], "Resize": [3],
        "AffineGrid": [1],
    ]

    /// An operator that nobody here knows: of fixed values it makes fixed ones.
    func unknown(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        guard operands.allSatisfy({ $0?.isFixed ?? true }) else {
            throw Mixed("the operator \(node.type) is not known to keep rows apart")
        }
        return node.outputs.map { _ in .unknown }
    }

    private mutating func standard(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        let values = operands.compactMap { $0 }
        if Self.elementwise.contains(node.type) { return [try broadcast(values, node)] }
        if Self.reducing.contains(node.type) { return [try reduced(node, operands)] }
        switch node.type {
        case "Constant": return [Self.constant(node)]
        case "Clip": return [try alone(node, operands)]
        case "Dropout":
            let training = operands.element(2) ?? nil
            guard training.map({ $0.content == [.flag(false)] }) ?? true else { throw Mixed(mixes(node)) }
            return Array(repeating: try alone(node, operands), count: 2)
        case "CastLike": return [try first(node, operands).withoutContent]
        case "QuantizeLinear", "DequantizeLinear": return [try quantised(node, operands)]
        case "Softmax", "LogSoftmax", "Hardmax": return [try softmax(node, operands)]
        case "LpNormalization": return [try along(node, operands, node.integer("axis") ?? -1)]
        case "LayerNormalization", "RMSNormalization":
            return try layerNormalised(node, operands, node.integer("axis") ?? -1)
        case "InstanceNormalization", "GroupNormalization", "LRN", "BatchNormalization", "GlobalAveragePool",
            "GlobalMaxPool", "GlobalLpPool", "AveragePool", "MaxPool", "LpPool", "Conv", "ConvTranspose",
            "DepthToSpace", "SpaceToDepth", "QLinearConv":
            return [try picture(node, operands)]
        case "MeanVarianceNormalization":
            let axes = node.integerList("axes") ?? [0, 2, 3]
            return [try along(node, operands, axes).withoutContent]
        case "ArgMax", "ArgMin": return [try argument(node, operands)]
        case "CumSum", "CumProd":
            guard let axis = operands.dropFirst().first??.integers?.first else { throw Mixed(unknownShape(node)) }
            return [try along(node, operands, axis)]
        case "TopK": return try topK(node, operands)
        case "MatMul", "QLinearMatMul": return [try product(node, operands)]
        case "Gemm": return [try gemm(node, operands)]
        case "Einsum": return [try einsum(node, values)]
        case "Reshape": return [try reshaped(node, operands)]
        case "Flatten": return [try flattened(node, operands)]
        case "Transpose": return [try transposed(node, operands)]
        case "Squeeze": return [try squeezed(node, operands)]
        case "Unsqueeze": return [try unsqueezed(node, operands)]
        case "Expand": return [try expanded(node, operands)]
        case "Tile": return [try tiled(node, operands)]
        case "ConstantOfShape": return [try filled(node, operands)]
        case "Concat": return [try concatenated(node, values)]
        case "Split": return try divided(node, operands)
        case "Slice": return [try cut(node, operands)]
        case "Pad": return [try padded(node, operands)]
        case "Gather": return [try gathered(node, operands)]
        case "GatherElements": return [try gatheredElements(node, operands)]
        case "GatherND": return [try gatheredBlocks(node, operands)]
        case "ScatterElements", "Scatter": return [try scattered(node, operands)]
        case "Range" where operands.allSatisfy({ $0?.isFixed ?? true }): return [FlowValue(sizes: [newDimension()])]
        case "OneHot": return [try oneHot(node, operands)]
        case "Trilu": return [try within(node, operands, lastAxes: 2)]
        case "Det": return [try within(node, operands, lastAxes: 2).withoutLast(2)]
        case "Resize", "Upsample": return [try resized(node, operands)]
        case "GridSample", "AffineGrid": return [try batched(node, operands)]
        case "ReverseSequence": return [try reversed(node, operands)]
        case "RNN", "LSTM", "GRU": return try recurrent(node, operands)
        case "Attention", "RotaryEmbedding": return try attention(node, operands)
        case "StringNormalizer":
            guard node.attributes.textLists["stopwords"] == nil else { throw Mixed(mixes(node)) }
            return [try alone(node, operands)]
        case "TfIdfVectorizer": return [try table(rows: node, operands, rank: 2).withFree(1, &self)]
        case "Compress":
            guard let axis = node.integer("axis"), operands.dropFirst().allSatisfy({ $0?.isFixed ?? true }) else {
                return try notKnown(node, operands)
            }
            return [try along(node, operands, axis).withFree(axis, &self)]
        default: return try notKnown(node, operands)
        }
    }

    /// A standard operator without a rule: those that are known to take rows together are told as such.
    private func notKnown(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> [FlowValue] {
        guard operands.contains(where: { $0.map { !$0.isFixed } ?? false }) else {
            return try unknown(node, operands)
        }
        if Self.counting.contains(node.type) {
            throw Mixed("the operator \(node.type) makes as many elements as values say")
        }
        return try unknown(node, operands)
    }

    private static let counting: Set<String> = ["NonZero", "Compress", "Unique", "NonMaxSuppression", "StringSplit"]

    static let reducing: Set<String> = [
        "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMean", "ReduceMin",
        "ReduceProd", "ReduceSum", "ReduceSumSquare",
    ]

    /// What goes element by element, with broadcasting.
    static let elementwise: Set<String> = [
        "Abs", "Acos", "Acosh", "Add", "And", "Asin", "Asinh", "Atan", "Atanh", "BitCast", "BitShift", "BitwiseAnd",
        "BitwiseNot",
        "BitwiseOr", "BitwiseXor", "Cast", "Ceil", "Celu", "Cos", "Cosh", "Div", "Elu", "Equal", "Erf", "Exp", "Floor",
        "Gelu", "Greater", "GreaterOrEqual", "HardSigmoid", "HardSwish", "Identity", "IsInf", "IsNaN", "LeakyRelu",
        "Less", "LessOrEqual", "Log", "Max", "Mean", "Min", "Mish", "Mod", "Mul", "Neg", "Not", "Or", "PRelu", "Pow",
        "Reciprocal", "RegexFullMatch", "Relu", "Round", "Selu", "Shrink", "Sigmoid", "Sign", "Sin", "Sinh",
        "Softplus", "Softsign", "Sqrt", "StringConcat", "Sub", "Sum", "Swish", "Tan", "Tanh", "ThresholdedRelu",
        "Where", "Xor",
    ]

    private static func constant(_ node: Node) -> FlowValue {
        let attributes = node.attributes
        if let tensor = attributes.tensors["value"] { return FlowValue(tensor) }
        if let value = attributes.integers["value_int"] {
            return FlowValue(list: [.size(SymbolicSize(Int(value)))], isScalar: true)
        }
        if let values = attributes.integerLists["value_ints"], values.count <= ONNXTensorReader.mostNumbers {
            return FlowValue(list: values.map { .size(SymbolicSize(Int($0))) })
        }
        if let value = attributes.numbers["value_float"] {
            return FlowValue(list: [.real(Double(value))], isScalar: true)
        }
        if let values = attributes.numberLists["value_floats"], values.count <= ONNXTensorReader.mostNumbers {
            return FlowValue(list: values.map { .real(Double($0)) })
        }
        if attributes.texts["value_string"] != nil { return FlowValue(sizes: []) }
        return .unknown
    }

    // MARK: Shared by rules

    func first(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        guard let first = operands.first ?? nil else { throw Mixed(Self.unfollowed) }
        return first
    }

    /// The first operand as it is; the others have no part for each row.
    func alone(_ node: Node, _ operands: [FlowValue?]) throws(Mixed) -> FlowValue {
        let first = try first(node, operands)
        guard operands.dropFirst().allSatisfy({ $0?.isFixed ?? true }) else { throw Mixed(mixes(node)) }
        return first.withoutContent
    }

    /// `axis` counted from the front; negative ones count from the end.
    func place(_ axis: Int, of value: FlowValue, _ node: Node) throws(Mixed) -> Int {
        if axis >= 0, value.rank.map({ axis < $0 }) ?? true { return axis }
        guard let rank = value.rank, axis < 0, axis + rank >= 0 else { throw Mixed(unknownShape(node)) }
        return axis + rank
    }

    /// `axes` counted from the front, none of which is that of the rows.
    func places(_ axes: [Int], of value: FlowValue, _ node: Node) throws(Mixed) -> Set<Int> {
        var places: Set<Int> = []
        for axis in axes { places.insert(try place(axis, of: value, node)) }
        if let rows = value.axis, places.contains(rows) { throw Mixed(mixes(node)) }
        return places
    }

    /// The first operand, whose elements along `axes` go together; rows have to be along another.
    func along(_ node: Node, _ operands: [FlowValue?], _ axes: [Int]) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        if !value.isFixed { _ = try places(axes, of: value, node) }
        return value
    }

    func along(_ node: Node, _ operands: [FlowValue?], _ axis: Int) throws(Mixed) -> FlowValue {
        try along(node, operands, [axis])
    }

    /// The first operand, whose last axes go together.
    func within(_ node: Node, _ operands: [FlowValue?], lastAxes: Int) throws(Mixed) -> FlowValue {
        let value = try alone(node, operands)
        guard let rows = value.axis else { return value }
        guard let rank = value.rank else { throw Mixed(unknownShape(node)) }
        guard rows < rank - lastAxes else { throw Mixed(mixes(node)) }
        return value
    }
}

extension FlowValue {
    var withoutContent: FlowValue { FlowValue(sizes: sizes, axis: axis) }

    /// Without these axes, none of which is that of the rows.
    func removing(_ places: Set<Int>) -> FlowValue {
        FlowValue(
            sizes: sizes.map { sizes in sizes.indices.filter { !places.contains($0) }.map { sizes[$0] } },
            axis: axis.map { rows in rows - places.count { $0 < rows } })
    }

    func withoutLast(_ count: Int) -> FlowValue { FlowValue(sizes: sizes?.dropLast(count), axis: axis) }

    /// With a size along `axis` that is not followed.
    func withFree(_ axis: Int, _ flow: inout RowFlow) -> FlowValue { with(nil, along: axis, &flow) }

    /// With `size` along `axis`, or one that is not followed.
    func with(_ size: Int?, along axis: Int, _ flow: inout RowFlow) -> FlowValue {
        guard var sizes else { return withoutContent }
        let place = axis < 0 ? axis + sizes.count : axis
        guard sizes.indices.contains(place), place != self.axis else { return withoutContent }
        sizes[place] = size.flatMap { $0 >= 0 ? SymbolicSize($0) : nil } ?? flow.newDimension()
        return FlowValue(sizes: sizes, axis: self.axis)
    }
}

extension ONNXGraph.Node {
    func integer(_ name: String) -> Int? { attributes.integers[name].map { Int($0) } }
    func integerList(_ name: String) -> [Int]? { attributes.integerLists[name]?.map { Int($0) } }
}
