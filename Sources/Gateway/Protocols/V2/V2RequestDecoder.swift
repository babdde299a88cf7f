import NIOCore
import Tensors

/// Infer requests: JSON, JSON with binary tensors after it, or one raw tensor.
///
/// - Source: Open Inference Protocol V2 REST; Triton's `extension_binary_data.md` for the binary forms; error texts
///   that users search for as Triton writes them.
enum V2RequestDecoder {
    /// Input never traps; binary inputs are slices of `body`. With bodies that differ, 64 FP32 numbers take 1.8 to 2.0 µs of
    /// CPU, 2,048 integers 18 µs.
    ///
    /// - Parameters:
    ///   - headerLength: the `Inference-Header-Content-Length`; `nil` when there was none.
    ///   - form: of the answer, for outputs whose form the body leaves open.
    /// - Returns: a request whose inputs passed `ModelSignature.validate` and `Tensor.validate`, in the signature's order.
    static func decode(
        body: ByteBuffer, headerLength: Int?, signature: ModelSignature, model: String,
        form: TensorForm = .asRequested
    ) throws(V2Error) -> V2Request {
        if headerLength == 0 { return try raw(body, signature: signature, model: model) }
        if let headerLength, !(0...body.readableBytes).contains(headerLength) {
            throw .bad(
                "inference header size should be in range (0, \(body.readableBytes)), got: \(headerLength)")
        }
        let parsed = try parse(body, header: headerLength ?? body.readableBytes, signature: signature, model: model)
        var request = parsed.request
        request.isBinaryByDefault = parsed.isBinaryByDefault ?? (form == .binary)
        var binary = V2BinarySection(body: body, start: headerLength, model: model)
        for input in parsed.inputs {
            request.inputs.append(try input.tensor(&binary))
        }
        try binary.finish()
        try check(&request, signature: signature, model: model)
        return request
    }

    /// The whole body is the model's only input, with one row.
    private static func raw(_ body: ByteBuffer, signature: ModelSignature, model: String) throws(V2Error) -> V2Request {
        guard signature.inputs.count == 1, let input = signature.inputs.first else {
            throw .bad(
                "a raw binary request needs a model with exactly one input; '\(model)' takes \(signature.inputs.count)")
        }
        var dimensions = input.shape.dimensions
        // Of two free dimensions the first is the rows, wherever it may be.
        let mayCountRows = (signature.inputs + signature.outputs).allSatisfy(\.mayCountRows)
        let isOneRow =
            signature.maximumBatchSize != nil || (mayCountRows && dimensions.count(where: { $0 == -1 }) > 1)
        if isOneRow, !dimensions.isEmpty { dimensions[0] = 1 }
        let free = dimensions.indices.filter { dimensions[$0] == -1 }
        guard free.count <= 1 else {
            throw .bad(
                "a raw binary request needs an input with at most one free dimension; '\(input.name)' is \(input.shape)"
            )
        }
        var bytes = body
        if input.elementType == .bytes {
            for index in free { dimensions[index] = 1 }
            // How many strings the bytes are cannot be seen from their number.
            guard dimensions.allSatisfy({ $0 == 1 }), input.shape.dimensions.count(where: { $0 == -1 }) <= 1 else {
                throw .bad(
                    "a raw binary request for BYTES needs an input of one element; '\(input.name)' is \(input.shape)")
            }
            bytes = ByteBuffer(integer: UInt32(clamping: body.readableBytes), endianness: .little)
            bytes.writeImmutableBuffer(body)
        } else if let index = free.first, let width = input.elementType.byteWidth {
            let others = Shape(dimensions.map { $0 == -1 ? 1 : $0 }).elementCount ?? 0
            dimensions[index] = others == 0 ? 0 : body.readableBytes / (others * width)
        }
        var request = V2Request()
        request.isBinaryByDefault = true
        request.inputs = [
            Tensor(name: input.name, elementType: input.elementType, shape: Shape(dimensions), bytes: bytes)
        ]
        try check(&request, signature: signature, model: model)
        return request
    }

    private static func check(
        _ request: inout V2Request, signature: ModelSignature, model: String
    ) throws(V2Error) {
        let prefix = request.id.map { "[request id: \($0)] " } ?? ""
        do throws(SignatureViolation) {
            try signature.validate(request.inputs, model: model)
        } catch {
            throw .bad(prefix + error.description)
        }
        for input in request.inputs {
            do throws(TensorError) {
                try input.validate()
            } catch {
                throw .bad(prefix + error.description)
            }
        }
        for (index, output) in request.outputs.enumerated() {
            guard signature.outputs.contains(where: { $0.name == output.name }) else {
                let names = signature.outputs.map { "'\($0.name)'" }.joined(separator: ",")
                throw .bad(
                    "\(prefix)unexpected inference output '\(output.name)' for model '\(model)'; it gives [\(names)]")
            }
            guard !request.outputs[..<index].contains(where: { $0.name == output.name }) else {
                throw .bad("\(prefix)output '\(output.name)' is requested twice")
            }
        }
        if let reason = inexpressible(request, signature) { throw .bad(prefix + reason) }
        if request.inputs.count > 1 {
            let order = signature.inputs.map(\.name)
            request.inputs.sort {
                (order.firstIndex(of: $0.name) ?? 0) < (order.firstIndex(of: $1.name) ?? 0)
            }
        }
    }

    /// Why the answer can never be written in the form that is asked for: said before it is computed.
    private static func inexpressible(_ request: V2Request, _ signature: ModelSignature) -> String? {
        for output in signature.outputs {
            let wanted = request.outputs.first { $0.name == output.name }
            if wanted == nil, !request.outputs.isEmpty { continue }
            let type = output.elementType
            if let wanted, wanted.classes > 0 {
                guard !V2Classification.takes(type) else { continue }
                return "output '\(output.name)' of \(type.name) cannot be classified; classification takes numbers"
            }
            guard type == .float16 || type == .bfloat16, !(wanted?.isBinary ?? request.isBinaryByDefault) else {
                continue
            }
            return
                "output '\(output.name)' is \(type.name), which JSON cannot express; ask for it in binary: \"binary_data_output\": true in the request's parameters, \"binary_data\": true in the output's, or Accept: application/octet-stream"
        }
        return nil
    }

    private static func parse(
        _ body: ByteBuffer, header: Int, signature: ModelSignature, model: String
    ) throws(V2Error) -> V2RequestText {
        var text = V2RequestText(model: model, signature: signature)
        var failure: V2Error?
        body.withUnsafeReadableBytes { bytes in
            do throws(V2Error) {
                try text.parse(UnsafeRawBufferPointer(rebasing: bytes[..<header]))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return text
    }
}
