import COnnxRuntime
import NIOCore
import Tensors

/// Tensors as the C side takes them: every pointer is valid for the length of the call and no longer.
enum RunInputs {
    /// Wraps the tensors' bytes in place. Bytes that are not aligned for their element type are copied first.
    static func with<R>(_ tensors: [Tensor], _ body: (UnsafeBufferPointer<spate_ort_input>) -> R) -> R {
        var inputs: [spate_ort_input] = []
        inputs.reserveCapacity(tensors.count)
        return nest(tensors[...], &inputs, body)
    }

    private static func nest<R>(
        _ rest: ArraySlice<Tensor>, _ inputs: inout [spate_ort_input],
        _ body: (UnsafeBufferPointer<spate_ort_input>) -> R
    ) -> R {
        guard let tensor = rest.first else { return inputs.withUnsafeBufferPointer(body) }
        let dimensions = tensor.shape.dimensions.map { Int64($0) }
        return tensor.name.withCString { name in
            dimensions.withUnsafeBufferPointer { dimensions in
                withAlignedBytes(of: tensor) { bytes in
                    inputs.append(
                        spate_ort_input(
                            name: name, element_type: ONNXElementType.code(tensor.elementType),
                            dimensions: dimensions.baseAddress, rank: dimensions.count, bytes: bytes.baseAddress,
                            size: bytes.count))
                    return nest(rest.dropFirst(), &inputs, body)
                }
            }
        }
    }

    /// A slice of a request body starts anywhere; the runtime reads whole elements.
    private static func withAlignedBytes<R>(of tensor: Tensor, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        let alignment = tensor.elementType.byteWidth ?? 1
        return tensor.bytes.withUnsafeReadableBytes { bytes in
            if bytes.isEmpty {
                return withUnsafeBytes(of: UInt64(0)) { body(UnsafeRawBufferPointer(rebasing: $0[..<0])) }
            }
            if let start = bytes.baseAddress, Int(bitPattern: start) % alignment == 0 { return body(bytes) }
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 64)
            defer { copy.deallocate() }
            copy.copyMemory(from: bytes)
            return body(UnsafeRawBufferPointer(copy))
        }
    }
}

/// Calls `body` with C strings that are valid for the length of the call.
func withCStrings<R>(_ texts: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> R) -> R {
    func nest(_ rest: ArraySlice<String>, _ pointers: [UnsafePointer<CChar>?]) -> R {
        guard let text = rest.first else { return pointers.withUnsafeBufferPointer(body) }
        return text.withCString { nest(rest.dropFirst(), pointers + [$0]) }
    }
    return nest(texts[...], [])
}
