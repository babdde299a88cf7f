import NIOCore
import Tensors

/// Infer responses: JSON, or JSON with the raw tensors behind it.
enum V2ResponseEncoder {
    struct Encoded: Sendable {
        var body: ByteBuffer
        /// Bytes of JSON when raw tensors follow it; `nil` for pure JSON.
        var headerLength: Int?
    }

    /// - Parameters:
    ///   - tensors: the outputs, in the order asked for.
    ///   - labels: class names by output, for the classification extension.
    ///
    /// In JSON, NaN and the infinities are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
    /// - Source: Protocol Buffers' JSON mapping, of which `ModelInferResponse` is a case; numpy reads these strings as numbers.
    /// - Throws: `inexpressible` for FP16, BF16 and bytes that are no UTF-8, which JSON cannot express.
    static func encode(
        model: String, version: String, tensors: [Tensor], form: V2Echo, labels: [String: [String]]
    ) throws(OutcomeEncodingError) -> Encoded {
        var json = ByteBuffer()
        json.reserveCapacity(expectedSize(of: tensors, form))
        var raw: [ByteBuffer] = []
        json.writeStaticString("{\"model_name\":")
        V2NumberText.write(model.utf8, to: &json)
        json.writeStaticString(",\"model_version\":")
        V2NumberText.write(version.utf8, to: &json)
        if let id = form.id {
            json.writeStaticString(",\"id\":")
            V2NumberText.write(id.utf8, to: &json)
        }
        json.writeStaticString(",\"outputs\":[")
        for (index, original) in tensors.enumerated() {
            let wanted = form.outputs.first { $0.name == original.name }
            var tensor = original
            if let wanted, wanted.classes > 0 {
                tensor = try V2Classification.classify(
                    original, top: wanted.classes, labels: labels[original.name] ?? [])
            }
            if index > 0 { json.writeInteger(UInt8(ascii: ",")) }
            writeHead(of: tensor, to: &json)
            if wanted?.isBinary ?? form.isBinaryByDefault {
                json.writeStaticString(",\"parameters\":{\"binary_data_size\":")
                V2NumberText.write(tensor.bytes.readableBytes, to: &json)
                json.writeStaticString("}}")
                raw.append(tensor.bytes)
            } else {
                json.writeStaticString(",\"data\":[")
                try writeElements(of: tensor, to: &json)
                json.writeStaticString("]}")
            }
        }
        json.writeStaticString("]}")
        guard raw.contains(where: { $0.readableBytes > 0 }) else { return Encoded(body: json, headerLength: nil) }
        let headerLength = json.readableBytes
        for bytes in raw { json.writeImmutableBuffer(bytes) }
        return Encoded(body: json, headerLength: headerLength)
    }

    /// Bytes of the body, about: JSON takes up to four times what a tensor takes.
    private static func expectedSize(of tensors: [Tensor], _ form: V2Echo) -> Int {
        tensors.reduce(256) { size, tensor in
            let isBinary = form.outputs.first { $0.name == tensor.name }?.isBinary ?? form.isBinaryByDefault
            return size + 96 + (isBinary ? 1 : 4) * tensor.bytes.readableBytes
        }
    }

    private static func writeHead(of tensor: Tensor, to json: inout ByteBuffer) {
        json.writeStaticString("{\"name\":")
        V2NumberText.write(tensor.name.utf8, to: &json)
        json.writeStaticString(",\"datatype\":\"")
        json.writeString(tensor.elementType.name)
        json.writeStaticString("\",\"shape\":[")
        for (index, dimension) in tensor.shape.dimensions.enumerated() {
            if index > 0 { json.writeInteger(UInt8(ascii: ",")) }
            V2NumberText.write(dimension, to: &json)
        }
        json.writeInteger(UInt8(ascii: "]"))
    }

    private static func writeElements(of tensor: Tensor, to json: inout ByteBuffer) throws(OutcomeEncodingError) {
        switch tensor.elementType {
        case .bool: each(tensor, UInt8.self, &json) { $1.writeString($0 == 0 ? "false" : "true") }
        case .uint8: integers(tensor, UInt8.self, &json)
        case .uint16: integers(tensor, UInt16.self, &json)
        case .uint32: integers(tensor, UInt32.self, &json)
        case .uint64: integers(tensor, UInt64.self, &json)
        case .int8: integers(tensor, Int8.self, &json)
        case .int16: integers(tensor, Int16.self, &json)
        case .int32: integers(tensor, Int32.self, &json)
        case .int64: integers(tensor, Int64.self, &json)
        case .float32: floats(tensor, Float.self, &json)
        case .float64: floats(tensor, Double.self, &json)
        case .float16, .bfloat16: throw inexpressible(tensor, "\(tensor.elementType.name) values")
        case .bytes: try strings(tensor, &json)
        }
    }

    private static func integers<T: FixedWidthInteger>(_ tensor: Tensor, _ type: T.Type, _ json: inout ByteBuffer) {
        each(tensor, type, &json) { V2NumberText.write($0, to: &$1) }
    }

    private static func floats<T: BinaryFloatingPoint & LosslessStringConvertible>(
        _ tensor: Tensor, _ type: T.Type, _ json: inout ByteBuffer
    ) {
        each(tensor, type, &json) { V2NumberText.write($0, to: &$1) }
    }

    @inline(__always)
    private static func each<T>(
        _ tensor: Tensor, _ type: T.Type, _ json: inout ByteBuffer, _ write: (T, inout ByteBuffer) -> Void
    ) {
        tensor.bytes.withUnsafeReadableBytes { bytes in
            let width = MemoryLayout<T>.size
            for index in 0..<(bytes.count / width) {
                if index > 0 { json.writeInteger(UInt8(ascii: ",")) }
                write(bytes.loadUnaligned(fromByteOffset: index * width, as: T.self), &json)
            }
        }
    }

    private static func strings(_ tensor: Tensor, _ json: inout ByteBuffer) throws(OutcomeEncodingError) {
        var rest = tensor.bytes
        var isFirst = true
        while let length = rest.readInteger(endianness: .little, as: UInt32.self) {
            guard let element = rest.readSlice(length: Int(length)),
                String(validating: element.readableBytesView, as: UTF8.self) != nil
            else { throw inexpressible(tensor, "bytes that are no UTF-8") }
            if !isFirst { json.writeInteger(UInt8(ascii: ",")) }
            isFirst = false
            V2NumberText.write(element.readableBytesView, to: &json)
        }
    }

    private static func inexpressible(_ tensor: Tensor, _ what: String) -> OutcomeEncodingError {
        .inexpressible(
            "output '\(tensor.name)' holds \(what), which JSON cannot express; ask for it in binary (binary_data: true)"
        )
    }
}

extension BinaryFloatingPoint {
    /// For the order of classes: NaN comes last.
    fileprivate var rank: Self { isNaN ? -.infinity : self }
}

/// The classification extension: the best `k` of each row as `value:index[:label]`.
enum V2Classification {
    /// - Returns: BYTES of shape `[rows, k]`, or `[k]` for a tensor of one dimension.
    static func classify(_ tensor: Tensor, top k: Int, labels: [String]) throws(OutcomeEncodingError) -> Tensor {
        let dimensions = tensor.shape.dimensions
        let rows = dimensions.count > 1 ? dimensions[0] : 1
        let values = try numbers(tensor)
        // An outcome comes from Redis: its shape may claim anything.
        guard tensor.shape.elementCount == values.count else {
            throw .malformed("output '\(tensor.name)' has not the elements of its shape \(tensor.shape)")
        }
        guard !values.isEmpty else {
            return Tensor(
                name: tensor.name, elementType: .bytes, shape: dimensions.count > 1 ? [rows, 0] : [0],
                bytes: ByteBuffer())
        }
        let perRow = values.count / rows
        let count = min(k, perRow)
        var bytes = ByteBuffer()
        for row in 0..<rows {
            let scores = values[(row * perRow)..<((row + 1) * perRow)]
            let best = scores.indices.sorted { (scores[$0].value.rank, $1) > (scores[$1].value.rank, $0) }.prefix(count)
            for index in best {
                let column = index - row * perRow
                var text = "\(scores[index].text):\(column)"
                if column < labels.count { text += ":\(labels[column])" }
                bytes.writeInteger(UInt32(clamping: text.utf8.count), endianness: .little)
                bytes.writeString(text)
            }
        }
        let shape: Shape = dimensions.count > 1 ? [rows, count] : [count]
        return Tensor(name: tensor.name, elementType: .bytes, shape: shape, bytes: bytes)
    }

    /// Whether the values of a type have an order.
    static func takes(_ type: ElementType) -> Bool {
        switch type {
        case .bool, .bytes, .float16, .bfloat16: false
        case .float32, .float64, .int8, .int16, .int32, .int64, .uint8, .uint16, .uint32, .uint64: true
        }
    }

    private static func numbers(_ tensor: Tensor) throws(OutcomeEncodingError) -> [(value: Double, text: String)] {
        func read<T: CustomStringConvertible>(_ type: T.Type, _ value: (T) -> Double) -> [(Double, String)] {
            tensor.bytes.withUnsafeReadableBytes { bytes in
                (0..<(bytes.count / MemoryLayout<T>.size)).map { index in
                    let number = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self)
                    return (value(number), number.description)
                }
            }
        }
        switch tensor.elementType {
        case .float32: return read(Float.self) { Double($0) }
        case .float64: return read(Double.self) { $0 }
        case .int8: return read(Int8.self) { Double($0) }
        case .int16: return read(Int16.self) { Double($0) }
        case .int32: return read(Int32.self) { Double($0) }
        case .int64: return read(Int64.self) { Double($0) }
        case .uint8: return read(UInt8.self) { Double($0) }
        case .uint16: return read(UInt16.self) { Double($0) }
        case .uint32: return read(UInt32.self) { Double($0) }
        case .uint64: return read(UInt64.self) { Double($0) }
        case .bool, .bytes, .float16, .bfloat16:
            throw .malformed(
                "output '\(tensor.name)' of \(tensor.elementType.name) cannot be classified; classification takes numbers"
            )
        }
    }
}
