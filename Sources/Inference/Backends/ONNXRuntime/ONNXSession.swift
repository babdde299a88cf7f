import COnnxRuntime
import NIOCore
import Settings
import Tensors

/// One session of the runtime. Several threads may run it at once.
final class ONNXSession: BackendInstance, Sendable {
    let signature: ModelSignature
    private let model: String
    /// Immutable on the C side, and the runtime lets several threads run a session.
    private nonisolated(unsafe) let session: OpaquePointer
    private let outputNames: [String]

    init(
        model: String, path: String, options: ONNXOptions, library: ONNXRuntimeLibrary
    ) throws(InferenceError) {
        var error = spate_ort_error()
        let session = path.withCString { path in
            withCStrings(options.providers) { providers in
                var wanted = spate_ort_session_options(
                    model_path: path, threads: Int32(clamping: max(1, options.threads)),
                    providers: providers.baseAddress, provider_count: providers.count)
                return spate_ort_session_create(library.pointer, &wanted, &error)
            }
        }
        guard let session else {
            throw InferenceError(
                .modelUnavailable,
                "model '\(model)' cannot be loaded from \(path): \(error.text)\(Self.advice(on: error.text)) (ONNX Runtime \(library.version) with \(library.providers))"
            )
        }
        do {
            let inputs = try Self.ports(of: session, output: false, model: model)
            let outputs = try Self.ports(of: session, output: true, model: model)
            signature = ModelSignature(inputs: inputs, outputs: outputs)
        } catch {
            spate_ort_session_release(session)
            throw error
        }
        self.model = model
        self.session = session
        outputNames = signature.outputs.map(\.name)
    }

    deinit { spate_ort_session_release(session) }

    private static func advice(on text: String) -> String {
        text.contains("locale with name")
            ? "; this machine has no such locale: add it to /etc/locale.gen and run locale-gen (Debian, package locales)"
            : ""
    }

    private static func ports(
        of session: OpaquePointer, output: Bool, model: String
    ) throws(InferenceError) -> [TensorSpecification] {
        var specifications: [TensorSpecification] = []
        for index in 0..<spate_ort_port_count(session, output) {
            var port = spate_ort_port()
            spate_ort_port_get(session, output, index, &port)
            let name = port.name.map { String(cString: $0) } ?? ""
            let tensor: Int32 = 1
            guard port.kind == tensor, let elementType = ONNXElementType.elementType(port.element_type) else {
                throw .unsupportedPort(
                    name, output ? .output : .input,
                    type: port.kind == tensor
                        ? ONNXTypeName.tensor(of: port.element_type) : ONNXTypeName.type(kind: port.kind),
                    model: model)
            }
            let dimensions = withUnsafeBytes(of: port.dimensions) { raw in
                raw.bindMemory(to: Int64.self).prefix(Int(port.rank)).map { Int($0) }
            }
            specifications.append(
                TensorSpecification(
                    name: name, elementType: elementType, shape: Shape(dimensions), axisNames: axisNames(of: port),
                    rank: port.has_shape ? .known : .unknown))
        }
        return specifications
    }

    private static func axisNames(of port: spate_ort_port) -> [String?] {
        withUnsafeBytes(of: port.axis_names) { raw in
            raw.bindMemory(to: UnsafeMutablePointer<CChar>?.self).prefix(Int(port.rank)).map { name in
                name.flatMap { TensorSpecification.axisName(written: String(cString: $0)) }
            }
        }
    }

    // MARK: Running

    func run(_ inputs: [Tensor], rows: Int, requestedOutputs: [String]) throws(InferenceError) -> [Tensor] {
        let names = requestedOutputs.isEmpty ? outputNames : requestedOutputs
        for name in names where !outputNames.contains(name) {
            throw InferenceError(.invalidInput, "unexpected inference output '\(name)' for model '\(model)'")
        }
        try check(inputs)
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
            guard let value, let tensor = try tensor(name, value) else {
                throw InferenceError(
                    .backend, "output '\(name)' of model '\(model)' is no tensor of a type that V2 has")
            }
            outputs.append(tensor)
        }
        return outputs
    }

    /// What the runtime does not check itself: that every input is there once, and that strings are as many as their
    /// shape says before it makes room for them. It does check element types, ranks and dimensions.
    private func check(_ inputs: [Tensor]) throws(InferenceError) {
        for wanted in signature.inputs {
            let given = inputs.count { $0.name == wanted.name }
            guard given == 1 else {
                throw InferenceError(
                    .invalidInput, "model '\(model)' takes the input '\(wanted.name)' once, got it \(given) times")
            }
        }
        for input in inputs {
            let elements = input.shape.elementCount
            let width = input.elementType.byteWidth ?? 4
            guard let elements, elements <= input.bytes.readableBytes / width else {
                throw InferenceError(
                    .invalidInput,
                    "input '\(input.name)' for model '\(model)' has \(input.bytes.readableBytes) bytes, too few for shape \(input.shape)"
                )
            }
        }
    }

    /// Copies a result out of the runtime's memory, once.
    private func tensor(_ name: String, _ value: OpaquePointer) throws(InferenceError) -> Tensor? {
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
            try check(name, shape, size: Tensor.size(elements: elements, width: width))
            if elements > 0 {
                guard let numbers = spate_ort_value_numbers(session, value) else { return nil }
                bytes = ByteBuffer(bytes: UnsafeRawBufferPointer(start: numbers, count: elements * width))
            }
        } else {
            let size = spate_ort_value_text_size(session, value)
            try check(name, shape, size: Tensor.size(elements: elements, width: 4, beside: size))
            guard let text = text(value, size: size, elements: elements) else { return nil }
            bytes = text
        }
        return Tensor(name: name, elementType: elementType, shape: shape, bytes: bytes)
    }

    /// An output that no buffer can hold fails the run: fewer rows may fit.
    private func check(_ name: String, _ shape: Shape, size: Int?) throws(InferenceError) {
        guard size == nil else { return }
        throw InferenceError(
            .backend,
            "output '\(name)' of model '\(model)' has the shape \(shape), which is more than the \(Tensor.maximumBytes) bytes that a tensor may have"
        )
    }

    /// Strings as V2's BYTES: a length before each.
    private func text(_ value: OpaquePointer, size: Int, elements: Int) -> ByteBuffer? {
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

extension ModelSignature {
    /// A model whose every input and output may have a free first dimension may take batches; of any size, as far as it
    /// says.
    init(inputs: [TensorSpecification], outputs: [TensorSpecification]) {
        let takesBatches = !inputs.isEmpty && (inputs + outputs).allSatisfy(\.mayCountRows)
        self.init(inputs: inputs, outputs: outputs, maximumBatchSize: takesBatches ? .max : nil)
    }
}
