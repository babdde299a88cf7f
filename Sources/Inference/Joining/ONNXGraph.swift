import FoundationEssentials

/// A model's operators and what flows between them, as far as joining needs it: without types, and of weights only the
/// shapes and the few numbers that may be shapes.
///
/// - Source: field numbers from the ONNX protobuf definition, `onnx.proto3`.
struct ONNXGraph: Sendable, Equatable {
    struct Node: Sendable, Equatable {
        var type = ""
        var domain = ""
        /// Tells functions of one name apart.
        var overload = ""
        /// Empty names are operands that are left out.
        var inputs: [String] = []
        var outputs: [String] = []
        var attributes = Attributes()
        /// By attribute: `then_branch`, `else_branch`, `body`.
        var graphs: [String: ONNXGraph] = [:]
        /// Attributes whose value is an attribute of the function around it, with that one's name.
        var references: [String: String] = [:]

        var function: FunctionName { FunctionName(domain: domain, name: type, overload: overload) }
    }

    /// Those that are no graphs, by name and type.
    struct Attributes: Sendable, Equatable {
        var integers: [String: Int64] = [:]
        var integerLists: [String: [Int64]] = [:]
        var numbers: [String: Float] = [:]
        var numberLists: [String: [Float]] = [:]
        var texts: [String: String] = [:]
        /// How many texts a list has that is not empty.
        var textLists: [String: Int] = [:]
        var tensors: [String: Constant] = [:]
    }

    /// A weight: its shape, and its numbers where they are few.
    struct Constant: Sendable, Equatable {
        /// `nil`: they are not read.
        var sizes: [Int]? = []
        var content: [Number]?

        enum Number: Sendable, Equatable {
            case integer(Int64)
            case real(Double)
            case flag(Bool)
        }
    }

    /// A dimension of an input.
    enum Dimension: Sendable, Equatable {
        case size(Int)
        case named(String)
        case free
    }

    struct FunctionName: Hashable, Sendable {
        var domain: String
        var name: String
        var overload: String

        init(domain: String, name: String, overload: String) {
            self.domain = domain == "ai.onnx" ? "" : domain
            self.name = name
            self.overload = overload
        }
    }

    /// An operator that the model's file defines by others.
    struct Function: Sendable, Equatable {
        var inputs: [String] = []
        var outputs: [String] = []
        var nodes: [Node] = []
        var versions: Versions = [:]
        /// Of attributes that a call does not give.
        var defaults = Attributes()
    }

    var nodes: [Node] = []
    var inputs: [String] = []
    var outputs: [String] = []
    /// Of inputs whose shape is known.
    var dimensions: [String: [Dimension]] = [:]
    /// Constants, by name.
    var constants: [String: Constant] = [:]

    private enum Number {
        static let modelGraph = 7
        static let modelFunction = 25
        static let graphNode = 1
        static let graphInitializer = 5
        static let graphSparseInitializer = 15
        static let graphInput = 11
        static let graphOutput = 12
        static let valueName = 1
        static let functionName = 1
        static let functionInput = 4
        static let functionOutput = 5
        static let functionNode = 7
        static let functionDomain = 10
        static let functionOverload = 13
        static let nodeInput = 1
        static let nodeOutput = 2
        static let nodeType = 4
        static let nodeAttribute = 5
        static let nodeDomain = 7
        static let nodeOverload = 8
        static let functionVersion = 9
        static let functionDefault = 11
        static let modelVersion = 8
        static let versionDomain = 1
        static let versionNumber = 2
    }

    /// Deeper graphs in graphs are not followed; no exporter nests a tenth of it.
    private static let deepest = 32

    typealias Functions = [FunctionName: Function]
    /// Of the operators, by domain; the standard one is empty.
    typealias Versions = [String: Int]

    /// A file's graph, its functions, and the versions of the operators that it was written for.
    typealias Model = (graph: ONNXGraph, functions: Functions, versions: Versions)

    /// The model in the file at `path`; `nil` for a file that is no model or nests too deep.
    static func read(path: String) -> Model? {
        // What is wrong with the file is said by whoever reads its signature.
        guard let file = try? Data(contentsOf: URL(filePath: path), options: .alwaysMapped) else { return nil }
        return file.withUnsafeBytes { read(bytes: $0) }
    }

    static func read(bytes: UnsafeRawBufferPointer) -> Model? {
        var model = ProtobufReader(bytes, 0..<bytes.count)
        var graph: ONNXGraph?
        var functions: Functions = [:]
        var versions: Versions = [:]
        while let (number, field) = model.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.modelGraph:
                guard let read = ONNXGraph(bytes, range, depth: 0) else { return nil }
                graph = read
            case Number.modelFunction:
                guard let (name, function) = function(bytes, range) else { return nil }
                functions[name] = function
            case Number.modelVersion: read(version: range, of: bytes, into: &versions)
            default: break
            }
        }
        guard !model.isMalformed, let graph else { return nil }
        return (graph, functions, versions)
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
            case Number.graphInitializer:
                guard let (name, constant) = ONNXTensorReader.constant(bytes, range) else { return nil }
                constants[name] = constant
            case Number.graphSparseInitializer:
                constants[ONNXTensorReader.nameOfSparse(bytes, range)] = Constant(sizes: nil, content: nil)
            case Number.graphInput:
                let name = Self.text(bytes, range, field: Number.valueName)
                inputs.append(name)
                dimensions[name] = ONNXTensorReader.dimensions(ofPort: range, of: bytes)
            case Number.graphOutput: outputs.append(Self.text(bytes, range, field: Number.valueName))
            default: break
            }
        }
        if reader.isMalformed { return nil }
    }

    private static func function(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
    ) -> (FunctionName, Function)? {
        var (name, domain, overload) = ("", "", "")
        var function = Function()
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.functionName: name = string(bytes, range)
            case Number.functionDomain: domain = string(bytes, range)
            case Number.functionOverload: overload = string(bytes, range)
            case Number.functionVersion: read(version: range, of: bytes, into: &function.versions)
            case Number.functionDefault:
                guard let attribute = ONNXAttribute(bytes, range), attribute.graph == nil else { return nil }
                attribute.add(to: &function.defaults)
            case Number.functionInput: function.inputs.append(string(bytes, range))
            case Number.functionOutput: function.outputs.append(string(bytes, range))
            case Number.functionNode:
                guard let node = node(bytes, range, depth: 1) else { return nil }
                function.nodes.append(node)
            default: break
            }
        }
        return reader.isMalformed ? nil : (FunctionName(domain: domain, name: name, overload: overload), function)
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
            case Number.nodeOverload: node.overload = string(bytes, range)
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
        guard let attribute = ONNXAttribute(bytes, range) else { return false }
        let name = attribute.name
        if let reference = attribute.reference {
            node.references[name] = reference
            return true
        }
        attribute.add(to: &node.attributes)
        if let graph = attribute.graph {
            guard let read = ONNXGraph(bytes, graph, depth: depth + 1) else { return false }
            node.graphs[name] = read
        }
        return true
    }

    private static func read(version range: Range<Int>, of bytes: UnsafeRawBufferPointer, into versions: inout Versions)
    {
        var reader = ProtobufReader(bytes, range)
        var (domain, version) = ("", 0)
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.versionDomain, .bytes(let range)): domain = string(bytes, range)
            case (Number.versionNumber, .varint(let value)): version = Int(clamping: value)
            default: break
            }
        }
        versions[domain == "ai.onnx" ? "" : domain] = version
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
