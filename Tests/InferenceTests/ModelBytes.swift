/// Writes small ONNX models, so that cases no committed model covers need no file and no Python.
///
/// Field numbers as in the ONNX protobuf definition, `onnx.proto3`.
struct ModelBytes {
    struct Port {
        var name: String
        /// ONNX's number: 1 FP32, 7 INT64, 8 string, 14 complex.
        var elementType: UInt64
        /// -1 is written as a dimension with a name.
        var dimensions: [Int]
        var isSequence = false
    }

    struct Node {
        var type: String
        var inputs: [String]
        var outputs: [String]
    }

    var nodes: [Node]
    var inputs: [Port]
    var outputs: [Port]
    /// Weights of INT64.
    var weights: [(name: String, values: [Int64])] = []

    var bytes: [UInt8] {
        let graph =
            nodes.flatMap { node in
                Self.message(
                    1,
                    node.inputs.flatMap { Self.text(1, $0) } + node.outputs.flatMap { Self.text(2, $0) }
                        + Self.text(4, node.type))
            } + Self.text(2, "graph")
            + weights.flatMap { weight in
                Self.message(
                    5,
                    Self.number(1, UInt64(weight.values.count)) + Self.number(2, 7) + Self.text(8, weight.name)
                        + Self.message(9, weight.values.flatMap { Self.littleEndian($0) }))
            } + inputs.flatMap { Self.message(11, Self.port($0)) } + outputs.flatMap { Self.message(12, Self.port($0)) }
        let operators = Self.text(1, "") + Self.number(2, 13)
        return Self.number(1, 8) + Self.message(8, operators) + Self.message(7, graph)
    }

    private static func port(_ port: Port) -> [UInt8] {
        let shape = port.dimensions.flatMap { size in
            message(1, size < 0 ? text(2, "n") : number(1, UInt64(size)))
        }
        let tensor = message(1, number(1, port.elementType) + message(2, shape))
        return text(1, port.name) + message(2, port.isSequence ? message(4, message(1, tensor)) : tensor)
    }

    static func number(_ field: UInt64, _ value: UInt64) -> [UInt8] { varint(field << 3) + varint(value) }

    static func message(_ field: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(field << 3 | 2) + varint(UInt64(content.count)) + content
    }

    static func text(_ field: UInt64, _ content: String) -> [UInt8] { message(field, Array(content.utf8)) }

    private static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    private static func littleEndian(_ value: Int64) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
}

extension ModelBytes {
    /// `echo` = `text`, strings, any number of rows of two.
    static var strings: ModelBytes {
        ModelBytes(
            nodes: [Node(type: "Identity", inputs: ["text"], outputs: ["echo"])],
            inputs: [Port(name: "text", elementType: 8, dimensions: [-1, 2])],
            outputs: [Port(name: "echo", elementType: 8, dimensions: [-1, 2])])
    }

    /// `sum` = `a` + `b` and `difference` = `a` - `b`, both FP32, any number of rows of two.
    static var sum: ModelBytes {
        ModelBytes(
            nodes: [
                Node(type: "Add", inputs: ["a", "b"], outputs: ["sum"]),
                Node(type: "Sub", inputs: ["a", "b"], outputs: ["difference"]),
            ],
            inputs: ["a", "b"].map { Port(name: $0, elementType: 1, dimensions: [-1, 2]) },
            outputs: ["sum", "difference"].map { Port(name: $0, elementType: 1, dimensions: [-1, 2]) })
    }

    /// Folds its rows of two numbers into rows of three, which works for a multiple of three rows. Its weight stands
    /// among the inputs, as old models have it.
    static var folding: ModelBytes {
        ModelBytes(
            nodes: [Node(type: "Reshape", inputs: ["x", "shape"], outputs: ["folded"])],
            inputs: [
                Port(name: "x", elementType: 1, dimensions: [-1, 2]),
                Port(name: "shape", elementType: 7, dimensions: [2]),
            ],
            outputs: [Port(name: "folded", elementType: 1, dimensions: [-1, 3])],
            weights: [("shape", [-1, 3])])
    }

    /// An output that is a list of tensors.
    static var sequence: ModelBytes {
        ModelBytes(
            nodes: [Node(type: "SequenceConstruct", inputs: ["x"], outputs: ["list"])],
            inputs: [Port(name: "x", elementType: 1, dimensions: [-1, 2])],
            outputs: [Port(name: "list", elementType: 1, dimensions: [-1, 2], isSequence: true)])
    }

    /// An element type that the inference protocol does not have.
    static var complex: ModelBytes {
        ModelBytes(
            nodes: [Node(type: "Identity", inputs: ["x"], outputs: ["y"])],
            inputs: [Port(name: "x", elementType: 14, dimensions: [-1])],
            outputs: [Port(name: "y", elementType: 14, dimensions: [-1])])
    }
}
