import NIOCore
import Tensors

/// Tensors on the wire: first every descriptor, then every tensor's bytes, so that the reader cuts slices.
///
/// | field | type |
/// |---|---|
/// | count | `UInt16` |
/// | per tensor: name | string |
/// | element type | `UInt8` (`ElementType.rawValue`) |
/// | rank | `UInt8` |
/// | dimensions | `Int64` each |
/// | byte count | `UInt64` |
/// | then the bytes of each tensor, in order | |
enum TensorWire {
    static func size(of tensors: [Tensor]) -> Int {
        tensors.reduce(2) { $0 + $1.name.wireSize + 10 + 8 * $1.shape.dimensions.count + $1.bytes.readableBytes }
    }

    static func encode(_ tensors: [Tensor], into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt16(clamping: tensors.count), endianness: .little)
        for tensor in tensors {
            buffer.writeShortString(tensor.name)
            buffer.writeInteger(tensor.elementType.rawValue)
            buffer.writeInteger(UInt8(clamping: tensor.shape.dimensions.count))
            for dimension in tensor.shape.dimensions { buffer.writeInteger(Int64(dimension), endianness: .little) }
            buffer.writeInteger(UInt64(tensor.bytes.readableBytes), endianness: .little)
        }
        for tensor in tensors { buffer.writeImmutableBuffer(tensor.bytes) }
    }

    static func decode(_ reader: inout ByteReader) throws(WireError) -> [Tensor] {
        let count = Int(try reader.integer("the number of tensors", as: UInt16.self))
        var tensors: [Tensor] = []
        var sizes: [Int] = []
        for _ in 0..<count {
            let name = try reader.string("a tensor's name")
            let code = try reader.integer("a tensor's element type", as: UInt8.self)
            guard let elementType = ElementType(rawValue: code) else {
                throw WireError("element type \(code) of tensor '\(name)' is not known")
            }
            let rank = Int(try reader.integer("a tensor's rank", as: UInt8.self))
            var dimensions: [Int] = []
            dimensions.reserveCapacity(rank)
            for _ in 0..<rank { dimensions.append(Int(try reader.integer("a tensor's shape", as: Int64.self))) }
            let size = try reader.integer("a tensor's size", as: UInt64.self)
            sizes.append(Int(clamping: size))
            tensors.append(
                Tensor(name: name, elementType: elementType, shape: Shape(dimensions), bytes: ByteBuffer()))
        }
        for index in tensors.indices {
            tensors[index].bytes = try reader.slice("a tensor's bytes", length: sizes[index])
        }
        return tensors
    }
}

extension String {
    /// The bytes that `writeShortString` writes.
    var wireSize: Int { 2 + min(utf8.count, Int(UInt16.max)) }
}

extension ByteBuffer {
    /// A `UInt16` length and the UTF-8 bytes, cut at 65,535 of them.
    mutating func writeShortString(_ text: String) {
        let bytes = text.utf8.prefix(Int(UInt16.max))
        writeInteger(UInt16(clamping: bytes.count), endianness: .little)
        writeBytes(bytes)
    }
}
