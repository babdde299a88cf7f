/// Writes ONNX models with attributes, graphs in graphs and named axes, for tests over kinds of models.
///
/// Field numbers as in the ONNX protobuf definition, `onnx.proto3`.
package struct MadeModel: Sendable {
    package enum Axis: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case fixed(Int)
        case named(String)
        /// Neither size nor name.
        case free

        package init(stringLiteral name: String) { self = .named(name) }
        package init(integerLiteral size: Int) { self = .fixed(size) }
    }

    package struct Port: Sendable {
        package var name: String
        /// ONNX's number: 1 FP32, 7 INT64, 8 string, 9 BOOL, 10 FP16.
        package var type: UInt64
        /// `nil`: the model says nothing of the shape.
        package var axes: [Axis]?

        package init(_ name: String, _ axes: [Axis]?, type: UInt64 = 1) {
            self.name = name
            self.type = type
            self.axes = axes
        }
    }

    package enum Attribute: Sendable {
        case integer(Int64)
        case integers([Int64])
        case number(Float)
        case numbers([Float])
        case text(String)
        case texts([String])
        case graph(MadeModel)
    }

    package struct Node: Sendable {
        var type: String
        var inputs: [String]
        var outputs: [String]
        var attributes: [(name: String, value: Attribute)]
        var domain: String

        package init(
            _ type: String, _ inputs: [String], _ outputs: [String],
            _ attributes: [(name: String, value: Attribute)] = [], domain: String = ""
        ) {
            self.type = type
            self.inputs = inputs
            self.outputs = outputs
            self.attributes = attributes
            self.domain = domain
        }
    }

    /// An operator of a domain of its own that is made of others.
    package struct Function: Sendable {
        package var name: String
        var inputs: [String]
        var outputs: [String]
        var nodes: [Node]

        package init(_ name: String, _ inputs: [String], _ outputs: [String], _ nodes: [Node]) {
            self.name = name
            self.inputs = inputs
            self.outputs = outputs
            self.nodes = nodes
        }
    }

    /// Of `functions`.
    package static let functionDomain = "own"

    package enum Weight: Sendable {
        case floats(String, [Int], [Float])
        case integers(String, [Int], [Int64])
        case signed(String, [Int], [Int8])
        case booleans(String, [Int], [Bool])
    }

    package var nodes: [Node]
    package var inputs: [Port]
    package var outputs: [Port]
    package var weights: [Weight]
    package var functions: [Function] = []
    /// Of the standard operators; others are of version 1.
    package var version: UInt64
    package var domains: [(name: String, version: UInt64)]

    package init(
        _ nodes: [Node], inputs: [Port], outputs: [Port], weights: [Weight] = [], version: UInt64 = 17,
        domains: [(name: String, version: UInt64)] = [], functions: [Function] = []
    ) {
        self.functions = functions
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        self.weights = weights
        self.version = version
        self.domains = domains
    }

    package var bytes: [UInt8] {
        let own = functions.isEmpty ? [] : [(name: Self.functionDomain, version: 1 as UInt64)]
        let all = [(name: "", version: version)] + domains + own
        let operators = all.flatMap { Self.message(8, Self.domain($0)) }
        let functions = functions.flatMap { function in
            Self.message(
                25,
                Self.text(1, function.name) + function.inputs.flatMap { Self.text(4, $0) }
                    + function.outputs.flatMap { Self.text(5, $0) }
                    + function.nodes.flatMap { Self.message(7, Self.node($0)) }
                    + all.flatMap { Self.message(9, Self.domain($0)) } + Self.text(10, Self.functionDomain))
        }
        return Self.number(1, 9) + operators + Self.message(7, graph) + functions
    }

    private static func domain(_ domain: (name: String, version: UInt64)) -> [UInt8] {
        text(1, domain.name) + number(2, domain.version)
    }

    private var graph: [UInt8] {
        var bytes = nodes.flatMap { Self.message(1, Self.node($0)) }
        bytes += Self.text(2, "graph")
        bytes += weights.flatMap { Self.message(5, Self.weight($0)) }
        bytes += inputs.flatMap { Self.message(11, Self.port($0)) }
        bytes += outputs.flatMap { Self.message(12, Self.port($0)) }
        return bytes
    }

    private static func node(_ node: Node) -> [UInt8] {
        var bytes = node.inputs.flatMap { text(1, $0) }
        bytes += node.outputs.flatMap { text(2, $0) }
        bytes += text(4, node.type)
        bytes += node.attributes.flatMap { message(5, attribute($0.name, $0.value)) }
        if !node.domain.isEmpty { bytes += text(7, node.domain) }
        return bytes
    }

    private static func attribute(_ name: String, _ value: Attribute) -> [UInt8] {
        let named = text(1, name)
        switch value {
        case .number(let number): return named + fixed(2, number) + self.number(20, 1)
        case .integer(let integer): return named + number(3, UInt64(bitPattern: integer)) + number(20, 2)
        case .graph(let model): return named + message(6, model.graph) + number(20, 5)
        case .numbers(let numbers): return named + numbers.flatMap { fixed(7, $0) } + number(20, 6)
        case .integers(let integers):
            return named + integers.flatMap { number(8, UInt64(bitPattern: $0)) } + number(20, 7)
        case .text(let text): return named + self.text(4, text) + number(20, 3)
        case .texts(let texts): return named + texts.flatMap { text(9, $0) } + number(20, 8)
        }
    }

    private static func weight(_ weight: Weight) -> [UInt8] {
        switch weight {
        case .floats(let name, let shape, let values):
            return tensor(name, shape, type: 1, values.flatMap { littleEndian($0.bitPattern) })
        case .integers(let name, let shape, let values):
            return tensor(name, shape, type: 7, values.flatMap { littleEndian(UInt64(bitPattern: $0)) })
        case .booleans(let name, let shape, let values):
            return tensor(name, shape, type: 9, values.map { $0 ? 1 : 0 })
        case .signed(let name, let shape, let values):
            return tensor(name, shape, type: 3, values.map { UInt8(bitPattern: $0) })
        }
    }

    private static func tensor(_ name: String, _ shape: [Int], type: UInt64, _ raw: [UInt8]) -> [UInt8] {
        shape.flatMap { number(1, UInt64($0)) } + number(2, type) + text(8, name) + message(9, raw)
    }

    private static func port(_ port: Port) -> [UInt8] {
        var tensor = number(1, port.type)
        if let axes = port.axes {
            let dimensions = axes.flatMap { axis in
                switch axis {
                case .fixed(let size): message(1, number(1, UInt64(size)))
                case .named(let name): message(1, text(2, name))
                case .free: message(1, [])
                }
            }
            tensor += message(2, dimensions)
        }
        return text(1, port.name) + message(2, message(1, tensor))
    }

    private static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

    private static func fixed(_ field: UInt64, _ value: Float) -> [UInt8] {
        varint(field << 3 | 5) + littleEndian(value.bitPattern)
    }

    private static func message(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(content.count)) + content
    }

    private static func text(_ field: UInt64, _ content: String) -> [UInt8] { message(field, Array(content.utf8)) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}
