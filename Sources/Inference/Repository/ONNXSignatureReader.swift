import Foundation
package import Tensors

/// Reads what a model takes and gives out of its file, without the runtime: the gateway knows signatures this way
/// at the cost of a walk over the file's top levels.
///
/// - Source: field numbers from the ONNX protobuf definition, `onnx.proto3`.
package enum ONNXSignatureReader {
    /// Field numbers of the messages on the way to a shape.
    private enum Number {
        static let modelGraph = 7
        static let graphInitializer = 5
        static let graphInput = 11
        static let graphOutput = 12
        static let tensorName = 8
        static let valueName = 1
        static let valueType = 2
        static let typeTensor = 1
        static let tensorElementType = 1
        static let tensorShape = 2
        static let shapeDimension = 1
        static let dimensionValue = 1
    }

    /// `maximumBatchSize` is set, without a bound, when every input and output has a free first dimension.
    package static func signature(ofModelAt path: String, model: String) throws(InferenceError) -> ModelSignature {
        guard let file = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else {
            throw InferenceError(
                .modelUnavailable,
                "model '\(model)' has no file \(path); run `make setup`, or put the model there")
        }
        guard let signature = file.withUnsafeBytes({ signature(of: $0) }) else {
            throw InferenceError(
                .modelUnavailable, "\(path) is no ONNX model with named tensor inputs and outputs of types that V2 has")
        }
        return signature
    }

    /// `nil` for bytes that are no model.
    static func signature(of bytes: UnsafeRawBufferPointer) -> ModelSignature? {
        var model = ProtobufReader(bytes, 0..<bytes.count)
        var graph: Range<Int>?
        while let (number, field) = model.next() {
            if case .bytes(let range) = field, number == Number.modelGraph { graph = range }
        }
        guard !model.isMalformed, let graph else { return nil }
        var reader = ProtobufReader(bytes, graph)
        var weights: Set<String> = []
        var inputs: [TensorSpecification] = []
        var outputs: [TensorSpecification] = []
        while let (number, field) = reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.graphInitializer:
                if let name = text(bytes, range, field: Number.tensorName) { weights.insert(name) }
            case Number.graphInput:
                guard let value = specification(bytes, range) else { return nil }
                inputs.append(value)
            case Number.graphOutput:
                guard let value = specification(bytes, range) else { return nil }
                outputs.append(value)
            default: break
            }
        }
        guard !reader.isMalformed, !outputs.isEmpty else { return nil }
        // Old models list their weights among the inputs.
        inputs.removeAll { weights.contains($0.name) }
        let isBatching = (inputs + outputs).allSatisfy { $0.shape.dimensions.first == -1 }
        return ModelSignature(inputs: inputs, outputs: outputs, maximumBatchSize: isBatching ? .max : nil)
    }

    private static func specification(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> TensorSpecification? {
        guard let name = text(bytes, range, field: Number.valueName),
            let type = message(bytes, range, field: Number.valueType),
            let tensor = message(bytes, type, field: Number.typeTensor)
        else { return nil }
        var reader = ProtobufReader(bytes, tensor)
        var elementType: ElementType?
        var dimensions: [Int] = []
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.tensorElementType, .varint(let code)):
                elementType = ONNXElementType.elementType(Int32(clamping: code))
            case (Number.tensorShape, .bytes(let shape)): dimensions = self.dimensions(bytes, shape)
            default: break
            }
        }
        guard let elementType, !reader.isMalformed else { return nil }
        return TensorSpecification(name: name, elementType: elementType, shape: Shape(dimensions))
    }

    private static func dimensions(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [Int] {
        var reader = ProtobufReader(bytes, range)
        var dimensions: [Int] = []
        while let (number, field) = reader.next() {
            guard number == Number.shapeDimension, case .bytes(let dimension) = field else { continue }
            var inner = ProtobufReader(bytes, dimension)
            var size = -1
            while let (number, field) = inner.next() {
                if number == Number.dimensionValue, case .varint(let value) = field { size = Int(clamping: value) }
            }
            dimensions.append(size)
        }
        return dimensions
    }

    private static func message(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, field wanted: Int) -> Range<Int>?
    {
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            if number == wanted, case .bytes(let range) = field { return range }
        }
        return nil
    }

    private static func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, field: Int) -> String? {
        message(bytes, range, field: field).map { String(decoding: bytes[$0], as: UTF8.self) }
    }
}
