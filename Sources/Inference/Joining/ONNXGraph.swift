import FoundationEssentials

/// A model's operators and what flows between them, as far as joining needs it: without weights, without types.
///
/// - Source: field numbers from the ONNX protobuf definition, `onnx.proto3`.
struct ONNXGraph: Sendable, Equatable {
    struct Node: Sendable, Equatable {
        var type = ""
        var domain = ""
        /// Empty names are operands that are left out.
        var inputs: [String] = []
        var outputs: [String] = []
        /// Attributes that are one integer.
        var integers: [String: Int64] = [:]
        /// By attribute: `then_branch`, `else_branch`, `body`.
        var graphs: [String: ONNXGraph] = [:]
    }

    var nodes: [Node] = []
    var inputs: [String] = []
    var outputs: [String] = []
    /// Constants, by name.
    var constants: Set<String> = []

    private enum Number {
        static let modelGraph = 7
        static let modelFunction = 25
        static let graphNode = 1
        static let graphInitializer = 5
        static let graphInput = 11
        static let graphOutput = 12
        static let tensorName = 8
        static let valueName = 1
        static let functionNode = 7
        static let nodeInput = 1
        static let nodeOutput = 2
        static let nodeType = 4
        static let nodeAttribute = 5
        static let nodeDomain = 7
        static let attributeName = 1
        static let attributeInteger = 3
        static let attributeGraph = 6
    }

    /// Deeper graphs in graphs are not followed; no exporter nests a tenth of it.
    private static let deepest = 32

    /// The graph of the model in the file at `path`, and the nodes of its functions; `nil` for a file that is no model or
    /// nests too deep.
    static func read(path: String) -> (graph: ONNXGraph, functions: [Node])? {
        // What is wrong with the file is said by whoever reads its signature.
        guard let file = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return nil }
        return file.withUnsafeBytes { read(bytes: $0) }
    }

    static func read(bytes: UnsafeRawBufferPointer) -> (graph: ONNXGraph, functions: [Node])? {
        var model = ProtobufReader(bytes, 0..<bytes.count)
        var graph: ONNXGraph?
        var functions: [Node] = []
        while let (number, field) = model.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.modelGraph:
                guard let read = ONNXGraph(bytes, range, depth: 0) else { return nil }
                graph = read
            case Number.modelFunction:
                var function = ProtobufReader(bytes, range)
                while let (number, field) = function.next() {
                    guard number == Number.functionNode, case .bytes(let range) = field else { continue }
                    guard let node = node(bytes, range, depth: 1) else { return nil }
                    functions.append(node)
                }
                if function.isMalformed { return nil }
            default: break
            }
        }
        guard !model.isMalformed, let graph else { return nil }
        return (graph, functions)
    }

    init() {}

    private init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, depth: Int) {
        guard depth < Self.deepest else { return nil }
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.graphNode:
                guard let node = Self.node(bytes, range, depth: depth) else { return nil }
                nodes.append(node)
            case Number.graphInitializer: constants.insert(Self.text(bytes, range, field: Number.tensorName))
            case Number.graphInput: inputs.append(Self.text(bytes, range, field: Number.valueName))
            case Number.graphOutput: outputs.append(Self.text(bytes, range, field: Number.valueName))
            default: break
            }
        }
        if reader.isMalformed { return nil }
    }

    private static func node(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, depth: Int) -> Node? {
        var node = Node()
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.nodeInput: node.inputs.append(string(bytes, range))
            case Number.nodeOutput: node.outputs.append(string(bytes, range))
            case Number.nodeType: node.type = string(bytes, range)
            case Number.nodeDomain: node.domain = string(bytes, range)
            case Number.nodeAttribute:
                guard read(attribute: range, of: bytes, into: &node, depth: depth) else { return nil }
            default: break
            }
        }
        return reader.isMalformed ? nil : node
    }

    private static func read(
        attribute range: Range<Int>, of bytes: UnsafeRawBufferPointer, into node: inout Node, depth: Int
    ) -> Bool {
        var reader = ProtobufReader(bytes, range)
        var name = ""
        var integer: Int64?
        var graph: Range<Int>?
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.attributeName, .bytes(let range)): name = string(bytes, range)
            case (Number.attributeInteger, .varint(let value)): integer = Int64(bitPattern: value)
            case (Number.attributeGraph, .bytes(let range)): graph = range
            default: break
            }
        }
        if let integer { node.integers[name] = integer }
        if let graph {
            guard let read = ONNXGraph(bytes, graph, depth: depth + 1) else { return false }
            node.graphs[name] = read
        }
        return !reader.isMalformed
    }

    private static func string(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        String(decoding: bytes[range], as: UTF8.self)
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, field wanted: Int) -> String {
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            if number == wanted, case .bytes(let range) = field { return string(bytes, range) }
        }
        return ""
    }
}
