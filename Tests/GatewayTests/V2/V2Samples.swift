import NIOCore
import Tensors

@testable import Gateway

/// Signatures and requests that the V2 tests share.
enum V2Samples {
    static let image = ModelSignature(
        inputs: [TensorSpecification(name: "x", elementType: .float32, shape: [-1, 3])],
        outputs: [
            TensorSpecification(name: "y", elementType: .float32, shape: [-1, 2]),
            TensorSpecification(name: "label", elementType: .int64, shape: [-1]),
        ],
        maximumBatchSize: 64)

    /// One input `x` of the given type, any number of elements.
    static func signature(of type: ElementType) -> ModelSignature {
        ModelSignature(
            inputs: [TensorSpecification(name: "x", elementType: type, shape: [-1])],
            outputs: [TensorSpecification(name: "y", elementType: type, shape: [-1])], maximumBatchSize: nil)
    }

    static func decode(
        _ text: String, _ signature: ModelSignature = image, headerLength: Int? = nil, tail: [UInt8] = []
    ) throws(V2Error) -> V2Request {
        var body = ByteBuffer(string: text)
        body.writeBytes(tail)
        return try V2RequestDecoder.decode(body: body, headerLength: headerLength, signature: signature, model: "m")
    }

    /// The numbers of a request's first input.
    static func numbers<T: BitwiseCopyable>(_ request: V2Request, as type: T.Type) -> [T] {
        guard let bytes = request.inputs.first?.bytes else { return [] }
        return bytes.withUnsafeReadableBytes { raw in
            (0..<(raw.count / MemoryLayout<T>.size)).map {
                raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
            }
        }
    }
}
