import COnnxRuntime
import NIOCore
import Settings
import Tensors

/// One session: one instance of a model. Confined to the thread that runs it.
final class ONNXSession: BackendInstance {
    private let model: String
    private let session: OpaquePointer
    private let outputNames: [String]
    let signature: ModelSignature
    /// The backend, whose shared weights must outlive the session.
    var keepAlive: AnyObject?

    init(
        model: String, path: String, options: ONNXOptions, library: ONNXRuntimeLibrary, weights: OpaquePointer?
    ) throws(InferenceError) {
        self.model = model
        var error = spate_ort_error()
        let session = path.withCString { path in
            withCStrings(options.providers) { providers in
                var wanted = spate_ort_session_options(
                    model_path: path, threads: Int32(clamping: options.threads), providers: providers.baseAddress,
                    provider_count: providers.count, weights: weights)
                return spate_ort_session_create(library.pointer, &wanted, &error)
            }
        }
        guard let session else {
            throw InferenceError(
                .modelUnavailable,
                "model '\(model)' cannot be loaded from \(path): \(error.text) (ONNX Runtime \(String(cString: spate_ort_version(library.pointer))) with \(library.providers))"
            )
        }
        do {
            let inputs = try Self.ports(of: session, output: false, model: model)
            let outputs = try Self.ports(of: session, output: true, model: model)
            let isBatching = (inputs + outputs).allSatisfy { $0.shape.dimensions.first == -1 }
            signature = ModelSignature(inputs: inputs, outputs: outputs, maximumBatchSize: isBatching ? .max : nil)
        } catch {
            spate_ort_session_release(session)
            throw error
        }
        self.session = session
        outputNames = signature.outputs.map(\.name)
    }

    deinit { spate_ort_session_release(session) }

    private static func ports(
        of session: OpaquePointer, output: Bool, model: String
    ) throws(InferenceError) -> [TensorSpecification] {
        var specifications: [TensorSpecification] = []
        for index in 0..<spate_ort_port_count(session, output) {
            var port = spate_ort_port()
            spate_ort_port_get(session, output, index, &port)
            let name = port.name.map { String(cString: $0) } ?? ""
            guard port.kind == 1, let elementType = ONNXElementType.elementType(port.element_type) else {
                throw InferenceError(
                    .modelUnavailable,
                    "\(output ? "output" : "input") '\(name)' of model '\(model)' is no tensor of a type that V2 has; convert the model so that it is (for scikit-learn classifiers: export with zipmap off)"
                )
            }
            let dimensions = withUnsafeBytes(of: port.dimensions) { raw in
                raw.bindMemory(to: Int64.self).prefix(Int(port.rank)).map { Int($0) }
            }
            specifications.append(TensorSpecification(name: name, elementType: elementType, shape: Shape(dimensions)))
        }
        return specifications
    }

    func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
        let names = requestedOutputs.isEmpty ? outputNames : requestedOutputs
        for name in names where !outputNames.contains(name) {
            throw InferenceError(.invalidInput, "unexpected inference output '\(name)' for model '\(model)'")
        }
        // The runtime does not check that every input is there.
        guard inputs.count == signature.inputs.count else {
            throw InferenceError(
                .invalidInput, "model '\(model)' takes \(signature.inputs.count) inputs, got \(inputs.count)")
        }
        var error = spate_ort_error()
        var values = [OpaquePointer?](repeating: nil, count: names.count)
        let succeeded = RunInputs.with(inputs) { inputs in
            withCStrings(names) { names in
                spate_ort_run(
                    session, inputs.baseAddress, inputs.count, names.baseAddress, names.count, &values, &error)
            }
        }
        defer { for value in values { spate_ort_value_release(session, value) } }
        guard succeeded else {
            let invalidArgument: Int32 = 2
            throw InferenceError(
                error.code == invalidArgument ? .invalidInput : .backend, "model '\(model)' failed: \(error.text)")
        }
        var outputs: [Tensor] = []
        outputs.reserveCapacity(names.count)
        for (name, value) in zip(names, values) {
            guard let value, let tensor = tensor(name, value) else {
                throw InferenceError(
                    .backend, "output '\(name)' of model '\(model)' is no tensor of a type that V2 has")
            }
            outputs.append(tensor)
        }
        return outputs
    }

    /// Copies a result out of the runtime's memory, once.
    private func tensor(_ name: String, _ value: OpaquePointer) -> Tensor? {
        var code: Int32 = 0
        var rank = 0
        var elements = 0
        var dimensions = [Int64](repeating: 0, count: 16)
        guard spate_ort_value_shape(session, value, &code, &rank, &dimensions, &elements),
            let elementType = ONNXElementType.elementType(code)
        else { return nil }
        let shape = Shape(dimensions.prefix(rank).map { Int($0) })
        var bytes = ByteBuffer()
        if let width = elementType.byteWidth {
            if elements > 0 {
                guard let numbers = spate_ort_value_numbers(session, value) else { return nil }
                bytes = ByteBuffer(bytes: UnsafeRawBufferPointer(start: numbers, count: elements * width))
            }
        } else {
            guard let text = text(value, elements: elements) else { return nil }
            bytes = text
        }
        return Tensor(name: name, elementType: elementType, shape: shape, bytes: bytes)
    }

    /// Strings as V2's BYTES: a length before each.
    private func text(_ value: OpaquePointer, elements: Int) -> ByteBuffer? {
        let size = spate_ort_value_text_size(session, value)
        var raw = [UInt8](repeating: 0, count: size)
        var offsets = [Int](repeating: 0, count: elements)
        guard spate_ort_value_text(session, value, &raw, size, &offsets, elements) else { return nil }
        var bytes = ByteBuffer()
        bytes.reserveCapacity(size + 4 * elements)
        for (index, start) in offsets.enumerated() {
            let end = index + 1 < elements ? offsets[index + 1] : size
            bytes.writeInteger(UInt32(clamping: end - start), endianness: .little)
            bytes.writeBytes(raw[start..<end])
        }
        return bytes
    }
}
