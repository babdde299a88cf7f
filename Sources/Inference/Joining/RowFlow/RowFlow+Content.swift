/// Arithmetic of shapes: numbers that are known, or stand for the number of rows or a dimension.
extension RowFlow {
    typealias Element = FlowValue.Element

    /// The outputs with their numbers; `nil` where it is no such computation, or not all operands are known.
    mutating func computed(_ node: Node, _ operands: [FlowValue?]) -> [FlowValue]? {
        guard ["", "ai.onnx"].contains(node.domain) else { return nil }
        switch node.type {
        case "Shape":
            guard let sizes = operands.first??.sizes else { return nil }
            let end = Self.bounded(node.integer("end") ?? sizes.count, sizes.count)
            let start = Self.bounded(node.integer("start") ?? 0, sizes.count)
            return [FlowValue(list: sizes[start..<max(start, end)].map { .size($0) })]
        case "Size":
            guard let sizes = operands.first??.sizes, let count = SymbolicSize.product(sizes) else { return nil }
            return [FlowValue(list: [.size(count)], isScalar: true)]
        default: break
        }
        var values: [FlowValue] = []
        for operand in operands {
            guard let operand, operand.isFixed, operand.content != nil, operand.sizes != nil else { return nil }
            values.append(operand)
        }
        guard let first = values.first, let content = first.content, let rank = first.rank else { return nil }
        let axis = node.integer("axis") ?? 0
        switch node.type {
        case "Identity": return [first]
        case "Cast":
            return cast(content, to: node.integer("to") ?? 0).map { [FlowValue(sizes: first.sizes, content: $0)] }
        case "Unsqueeze", "Squeeze", "Reshape":
            return reformed(node, values).map { [FlowValue(sizes: $0, content: content)] }
        case "Concat":
            guard values.allSatisfy({ $0.rank == 1 }), axis == 0 || axis == -1,
                values.reduce(0, { $0 + ($1.content?.count ?? 0) }) <= FlowValue.mostNumbers
            else { return nil }
            return [FlowValue(list: values.flatMap { $0.content ?? [] })]
        case "Gather":
            guard rank == 1, let indices = values.dropFirst().first, let places = indices.integers else { return nil }
            let counted = places.map { $0 < 0 ? $0 + content.count : $0 }
            guard counted.allSatisfy({ content.indices.contains($0) }) else { return nil }
            return [FlowValue(sizes: indices.sizes, content: counted.map { content[$0] })]
        case "Slice": return sliced(content, rank: rank, values).map { [FlowValue(list: $0)] }
        case "Split":
            guard rank == 1 else { return nil }
            return split(content, node, values)
        case "Expand":
            guard rank <= 1, content.count == 1, let target = values.dropFirst().first?.integers, target.count <= 1,
                let count = target.first ?? 1 as Int?, count >= 1, count <= ONNXTensorReader.mostNumbers
            else { return nil }
            return [FlowValue(list: Array(repeating: content[0], count: count), isScalar: target.isEmpty && rank == 0)]
        case "ConstantOfShape":
            guard let shape = first.integers, shape.count <= 1, let count = shape.first ?? 1 as Int?, count >= 0,
                count <= ONNXTensorReader.mostNumbers
            else { return nil }
            let value = node.attributes.tensors["value"].map { FlowValue($0) }
            let element = value == nil ? Element.real(0) : value?.content?.first
            guard let element else { return nil }
            return [FlowValue(list: Array(repeating: element, count: count), isScalar: shape.isEmpty)]
        case "Range":
            guard values.count == 3, let start = values[0].integers?.first, let end = values[1].integers?.first,
                let step = values[2].integers?.first, step != 0,
                [start, end, step].allSatisfy({ $0.magnitude < 1 << 32 })
            else { return nil }
            let numbers = Array(stride(from: start, to: end, by: step).prefix(ONNXTensorReader.mostNumbers + 1))
            guard numbers.count <= ONNXTensorReader.mostNumbers else { return nil }
            return [FlowValue(list: numbers.map { .size(SymbolicSize($0)) })]
        case "ReduceProd":
            guard rank == 1, values.count == 1, node.integerList("axes").map({ $0 == [0] || $0 == [-1] }) ?? true,
                node.integer("noop_with_empty_axes") ?? 0 == 0,
                let product = first.shape.flatMap({ SymbolicSize.product($0) })
            else { return nil }
            return [FlowValue(list: [.size(product)], isScalar: node.integer("keepdims") ?? 1 == 0)]
        case "Where":
            guard values.count == 3 else { return nil }
            return each(values) { parts in parts[0].flag.map { $0 ? parts[1] : parts[2] } }
        default: return arithmetic(node, values)
        }
    }

    private static func bounded(_ place: Int, _ count: Int) -> Int {
        min(max(place < 0 ? place + count : place, 0), count)
    }

    /// Number by number, where shapes are equal or one side is a single one.
    private func each(_ values: [FlowValue], _ combine: ([Element]) -> Element?) -> [FlowValue]? {
        guard
            let longest = values.max(by: {
                ($0.content?.count ?? 0, $0.rank ?? 0) < ($1.content?.count ?? 0, $1.rank ?? 0)
            }),
            let count = longest.content?.count, values.allSatisfy({ $0.rank ?? 2 <= 1 })
        else { return nil }
        var content: [Element] = []
        for index in 0..<count {
            var parts: [Element] = []
            for value in values {
                guard let own = value.content, own.count == count || own.count == 1 else { return nil }
                parts.append(own[own.count == 1 ? 0 : index])
            }
            guard let combined = combine(parts) else { return nil }
            content.append(combined)
        }
        return [FlowValue(sizes: longest.sizes, content: content)]
    }

    private mutating func arithmetic(_ node: Node, _ values: [FlowValue]) -> [FlowValue]? {
        var flow = self
        defer { self = flow }
        switch (node.type, values.count) {
        case ("Not", 1): return each(values) { $0[0].flag.map { .flag(!$0) } }
        case ("And", 2): return each(values) { both($0) { $0 && $1 } }
        case ("Or", 2): return each(values) { both($0) { $0 || $1 } }
        case ("Neg", 1), ("Abs", 1), ("Floor", 1), ("Ceil", 1):
            return each(values) { flow.single(node.type, $0[0]) }
        case ("Add", 2), ("Sub", 2), ("Mul", 2), ("Div", 2), ("Mod", 2), ("Min", 2), ("Max", 2):
            return each(values) { flow.combined(node.type, $0[0], $0[1]) }
        case ("Equal", 2), ("Less", 2), ("Greater", 2), ("LessOrEqual", 2), ("GreaterOrEqual", 2):
            return each(values) { Self.compared(node.type, $0[0], $0[1]).map { .flag($0) } }
        default: return nil
        }
    }

    private func both(_ parts: [Element], _ combine: (Bool, Bool) -> Bool) -> Element? {
        guard let one = parts[0].flag, let other = parts[1].flag else { return nil }
        return .flag(combine(one, other))
    }

    private mutating func single(_ type: String, _ element: Element) -> Element? {
        switch element {
        case .flag: return nil
        case .real(let value):
            switch type {
            case "Neg": return .real(-value)
            case "Abs": return .real(abs(value))
            case "Floor": return .real(value.rounded(.down))
            default: return .real(value.rounded(.up))
            }
        case .measure(let size):
            return size.countsRows ? nil : .measure(number(type, [element]))
        case .size(let size):
            if type == "Abs", size.isNeverNegative { return element }
            if type == "Floor" || type == "Ceil" { return nil }
            if let constant = size.constant, constant != .min {
                return Self.whole(type == "Neg" ? -constant : abs(constant))
            }
            return size.countsRows ? nil : .size(number(type, [element]))
        }
    }

    /// `nil` where the number of rows goes into what is not followed.
    private mutating func combined(_ type: String, _ one: Element, _ other: Element) -> Element? {
        if case .real(let a) = one, case .real(let b) = other { return Self.real(type, a, b).map { .real($0) } }
        switch (one, other) {
        case (.measure, .measure), (.measure, .real), (.real, .measure):
            // Where it comes out even, real numbers do, too.
            if type == "Div", case .measure(let a) = one, let b = other.wholeMeasure, b.factor > 0, b.isNeverNegative,
                let quotient = a.divided(by: b)
            {
                return .measure(quotient)
            }
            return one.countsRows || other.countsRows ? nil : .measure(number(type, [one, other]))
        default: break
        }
        guard let a = one.size, let b = other.size else { return nil }
        if let x = a.constant, let y = b.constant { return Self.whole(type, x, y).flatMap(Self.whole) }
        switch type {
        case "Mul": if let product = a.times(b) { return .size(product) }
        case "Div": if b.factor > 0, b.isNeverNegative, let quotient = a.divided(by: b) { return .size(quotient) }
        case "Add":
            if a.constant == 0 { return other }
            if b.constant == 0 { return one }
        case "Sub": if b.constant == 0 { return one }
        case "Max":
            if a.isNeverNegative, let y = b.constant, y <= (a.isPositive ? 1 : 0) { return one }
            if b.isNeverNegative, let x = a.constant, x <= (b.isPositive ? 1 : 0) { return other }
        default: break
        }
        // What is left of a division of numbers below 0 is for an attribute to say.
        if a.countsRows || b.countsRows || type == "Mod" && !(a.isNeverNegative && b.isNeverNegative) { return nil }
        return .size(number(type, [one, other]))
    }

    /// What is no number of 32 bits may have gone round.
    private static func whole(_ value: Int) -> Element? {
        Int32(exactly: value).map { .size(SymbolicSize(Int($0))) }
    }

    private static func whole(_ type: String, _ a: Int, _ b: Int) -> Int? {
        let (value, overflow): (Int, Bool)
        switch type {
        case "Add": (value, overflow) = a.addingReportingOverflow(b)
        case "Sub": (value, overflow) = a.subtractingReportingOverflow(b)
        case "Mul": (value, overflow) = a.multipliedReportingOverflow(by: b)
        case "Div": (value, overflow) = a.dividedReportingOverflow(by: b)
        case "Mod":
            // Signs are told apart by an attribute: what is below 0 is not followed.
            guard a >= 0, b > 0 else { return nil }
            (value, overflow) = (a % b, false)
        case "Min": (value, overflow) = (min(a, b), false)
        case "Max": (value, overflow) = (max(a, b), false)
        default: return nil
        }
        return overflow ? nil : value
    }

    /// Where it is the same in numbers of 32 and 64 bits.
    private static func real(_ type: String, _ a: Double, _ b: Double) -> Double? {
        let (value, short): (Double, Float)
        switch type {
        case "Add": (value, short) = (a + b, Float(a) + Float(b))
        case "Sub": (value, short) = (a - b, Float(a) - Float(b))
        case "Mul": (value, short) = (a * b, Float(a) * Float(b))
        case "Div": (value, short) = (a / b, Float(a) / Float(b))
        case "Min": (value, short) = (min(a, b), min(Float(a), Float(b)))
        case "Max": (value, short) = (max(a, b), max(Float(a), Float(b)))
        default: return nil
        }
        return value == Double(short) ? value : nil
    }

    private static func compared(_ type: String, _ one: Element, _ other: Element) -> Bool? {
        if type == "Equal", let a = one.size?.constant, let b = other.size?.constant { return a == b }
        if let a = one.number, let b = other.number {
            switch type {
            case "Equal": return a == b
            case "Less": return a < b
            case "Greater": return a > b
            case "LessOrEqual": return a <= b
            default: return a >= b
            }
        }
        if let a = one.size, let b = other.number, a.isNeverNegative, b < 0 || b == 0 && a.isPositive {
            return type.hasPrefix("Greater")
        }
        if let b = other.size, let a = one.number, b.isNeverNegative, a < 0 || a == 0 && b.isPositive {
            return type.hasPrefix("Less")
        }
        if type == "Equal", let a = one.size, a == other.size { return true }
        return nil
    }

    /// In whole numbers of 32 and 64 bits and real ones of as many: in shorter ones not even small sizes are what they were.
    private mutating func cast(_ content: [Element], to type: Int) -> [Element]? {
        var cast: [Element] = []
        for element in content {
            let result: Element? =
                switch type {
                case 6, 7: whole(element, bits: type == 6 ? 32 : 64)
                case 1, 11: Self.real(element, isShort: type == 1)
                case 9: Self.flag(element)
                default: nil
                }
            guard let result else { return nil }
            cast.append(result)
        }
        return cast
    }

    private mutating func whole(_ element: Element, bits: Int) -> Element? {
        switch element {
        case .size(let size):
            guard let constant = size.constant else { return element }
            return bits == 64 || Int32(exactly: constant) != nil ? element : nil
        case .measure(let size):
            // What is made of dimensions and rows alone is a whole number, and still the same one.
            if size.isNeverNegative { return .size(size) }
            return size.countsRows ? nil : .size(number("Cast", [element]))
        case .real(let value):
            guard let whole = Int(exactly: value.rounded(.towardZero)) else { return nil }
            return bits == 64 || Int32(exactly: whole) != nil ? .size(SymbolicSize(whole)) : nil
        case .flag(let flag): return .size(SymbolicSize(flag ? 1 : 0))
        }
    }

    private static func real(_ element: Element, isShort: Bool) -> Element? {
        switch element {
        case .size(let size):
            // Exact below 2^24, as sizes that run are.
            guard let constant = size.constant else { return .measure(size) }
            return constant.magnitude <= 1 << 24 ? .real(Double(constant)) : nil
        case .measure: return element
        case .real(let value): return !isShort || Double(Float(value)) == value ? element : nil
        case .flag: return nil
        }
    }

    private static func flag(_ element: Element) -> Element? {
        switch element {
        case .size(let size): size.constant.map { .flag($0 != 0) }
        case .flag: element
        case .real, .measure: nil
        }
    }

    /// The new shape of numbers that stay as they are.
    private func reformed(_ node: Node, _ values: [FlowValue]) -> [SymbolicSize]? {
        guard let first = values.first, let sizes = first.sizes, let count = first.content?.count else { return nil }
        switch node.type {
        case "Unsqueeze", "Squeeze":
            let given = node.integerList("axes") ?? values.dropFirst().first?.integers
            if node.type == "Unsqueeze" { return given?.count == 1 && sizes.isEmpty ? [.one] : nil }
            return sizes.count == 1 && count == 1 && given?.count ?? 1 == 1 ? [] : nil
        default:
            guard let target = values.dropFirst().first?.integers, target.count <= 1 else { return nil }
            if target.isEmpty { return count == 1 ? [] : nil }
            return target[0] == -1 || target[0] == count ? [SymbolicSize(count)] : nil
        }
    }

    private func sliced(_ content: [Element], rank: Int, _ values: [FlowValue]) -> [Element]? {
        guard rank == 1, values.count >= 3, let start = values[1].integers?.first, let end = values[2].integers?.first,
            values.count < 4 || values[3].integers.map({ $0 == [0] || $0 == [-1] }) ?? false,
            values.count < 5 || values[4].integers == [1]
        else { return nil }
        let from = Self.bounded(start, content.count)
        return Array(content[from..<max(from, Self.bounded(end, content.count))])
    }

    private func split(_ content: [Element], _ node: Node, _ values: [FlowValue]) -> [FlowValue]? {
        let count = node.outputs.count
        guard count > 0 else { return nil }
        let parts: [Int]
        if let given = node.integerList("split") ?? values.dropFirst().first?.integers {
            parts = given
        } else {
            guard content.count % count == 0 else { return nil }
            parts = Array(repeating: content.count / count, count: count)
        }
        guard parts.count == count, parts.allSatisfy({ $0 >= 0 && $0 <= content.count }),
            parts.reduce(0, +) == content.count
        else { return nil }
        var rest = content[...]
        return parts.map { part in
            defer { rest = rest.dropFirst(part) }
            return FlowValue(list: Array(rest.prefix(part)))
        }
    }
}
