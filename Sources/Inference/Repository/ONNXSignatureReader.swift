import FoundationEssentials
import Settings
package import Tensors

/// Reads what a model takes and gives out of its file, without the runtime: the gateway knows signatures this way
/// at the cost of a walk over the file's top levels. Weights are stepped over, not read.
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
        static let dimensionName = 2
    }

    /// Why bytes give no signature.
    enum Problem: Error, Equatable {
        case noModel
        case unsupportedPort(String, InferenceError.Port, type: String)
    }

    /// `maximumBatchSize` is set, without a bound, when every input and output may have a free first dimension; whether it
    /// counts rows is for `JoiningOutlook` and the load to say.
    ///
    /// - Throws: `modelUnavailable` for a file that is not there, is no model, or has an input or output that is no tensor
    ///   of a type that the inference protocol has.
    package static func signature(ofModelAt path: String, model: String) throws(InferenceError) -> ModelSignature {
        if let problem = SettingsPath.problem(withFile: path) {
            throw InferenceError(
                .modelUnavailable,
                "the file of model '\(model)' cannot be read (\(path)): \(problem); run `make setup`, or put the model there"
            )
        }
        let file: Data
        do {
            file = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        } catch {
            throw InferenceError(
                .modelUnavailable, "the file of model '\(model)' cannot be read: \(path): \(error)")
        }
        switch file.withUnsafeBytes({ bytes in Result { () throws(Problem) in try signature(of: bytes) } }) {
        case .success(let signature): return signature
        case .failure(.unsupportedPort(let name, let port, let type)):
            throw .unsupportedPort(name, port, type: type, model: model)
        case .failure(.noModel):
            throw InferenceError(
                .modelUnavailable,
                "the file of model '\(model)' is no ONNX model, or not all of one: \(path)\(guess(at: file))")
        }
    }

    /// What people put in a model's place by mistake.
    private static func guess(at file: Data) -> String {
        let start = file.prefix(64)
        func begins(_ text: String) -> Bool { start.starts(with: text.utf8) }
        let text = String(decoding: start, as: UTF8.self).lowercased()
        return if begins("version https://git-lfs") {
            "; it is a pointer of Git LFS, `git lfs pull` fetches the model"
        } else if text.hasPrefix("<!doctype html") || text.hasPrefix("<html") {
            "; it is a page of HTML, as a download gives in place of a file that needs a login or is not there"
        } else if begins("PK") {
            "; it is a ZIP archive, as PyTorch and Keras save their own models: export it to ONNX"
        } else if start.starts(with: [0x1F, 0x8B]) {
            "; it is compressed with gzip: unpack it"
        } else {
            ""
        }
    }

    static func signature(of bytes: UnsafeRawBufferPointer) throws(Problem) -> ModelSignature {
        var model = ProtobufReader(bytes, 0..<bytes.count)
        var graph: Range<Int>?
        while let (number, field) = model.next() {
            if case .bytes(let range) = field, number == Number.modelGraph { graph = range }
        }
        guard !model.isMalformed, let graph else { throw .noModel }
        var reader = ProtobufReader(bytes, graph)
        var weights: Set<String> = []
        var inputs: [Range<Int>] = []
        var outputs: [Range<Int>] = []
        while let (number, field) = reader.next() {
            guard case .bytes(let range) = field else { continue }
            switch number {
            case Number.graphInitializer: weights.insert(text(bytes, range, field: Number.tensorName))
            case Number.graphInput: inputs.append(range)
            case Number.graphOutput: outputs.append(range)
            default: break
            }
        }
        guard !reader.isMalformed, !outputs.isEmpty else { throw .noModel }
        // Old models list their weights among the inputs.
        inputs.removeAll { weights.contains(text(bytes, $0, field: Number.valueName)) }
        var signature: (inputs: [TensorSpecification], outputs: [TensorSpecification]) = ([], [])
        for range in inputs { signature.inputs.append(try specification(bytes, range, .input)) }
        for range in outputs { signature.outputs.append(try specification(bytes, range, .output)) }
        return ModelSignature(inputs: signature.inputs, outputs: signature.outputs)
    }

    private static func specification(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ port: InferenceError.Port
    ) throws(Problem) -> TensorSpecification {
        let name = text(bytes, range, field: Number.valueName)
        guard let type = message(bytes, range, field: Number.valueType) else {
            throw .unsupportedPort(name, port, type: "of no type")
        }
        guard let tensor = message(bytes, type, field: Number.typeTensor) else {
            var fields = ProtobufReader(bytes, type)
            throw .unsupportedPort(name, port, type: ONNXTypeName.type(field: fields.next()?.number ?? 0))
        }
        var reader = ProtobufReader(bytes, tensor)
        var code: Int32 = 0
        var axes: [Axis]?
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.tensorElementType, .varint(let number)): code = Int32(exactly: number) ?? -1
            case (Number.tensorShape, .bytes(let shape)): axes = self.axes(bytes, shape)
            default: break
            }
        }
        guard !reader.isMalformed else { throw .noModel }
        guard let elementType = ONNXElementType.elementType(code) else {
            throw .unsupportedPort(name, port, type: ONNXTypeName.tensor(of: code))
        }
        return TensorSpecification(
            name: name, elementType: elementType, shape: Shape((axes ?? []).map(\.size)),
            axisNames: (axes ?? []).map(\.name), rank: axes == nil ? .unknown : .known)
    }

    private typealias Axis = (size: Int, name: String?)

    /// Named and absent dimensions are free, -1.
    private static func axes(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> [Axis] {
        var reader = ProtobufReader(bytes, range)
        var axes: [Axis] = []
        while let (number, field) = reader.next() {
            guard number == Number.shapeDimension, case .bytes(let dimension) = field else { continue }
            var inner = ProtobufReader(bytes, dimension)
            var axis: Axis = (-1, nil)
            while let (number, field) = inner.next() {
                switch (number, field) {
                case (Number.dimensionValue, .varint(let value)):
                    axis = (max(-1, Int(truncatingIfNeeded: value)), nil)
                case (Number.dimensionName, .bytes(let range)):
                    axis = (-1, TensorSpecification.axisName(written: String(decoding: bytes[range], as: UTF8.self)))
                default: break
                }
            }
            axes.append(axis)
        }
        return axes
    }

    private static func message(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, field wanted: Int) -> Range<Int>?
    {
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            if number == wanted, case .bytes(let range) = field { return range }
        }
        return nil
    }

    /// Empty where there is none, as protobuf has it.
    private static func text(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, field: Int) -> String {
        message(bytes, range, field: field).map { String(decoding: bytes[$0], as: UTF8.self) } ?? ""
    }
}
