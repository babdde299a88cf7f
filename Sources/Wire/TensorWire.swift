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
/// | then the bytes of each tensor, in order; `aligned`: each at a multiple of 64 from the record's begin, zeros between | |
enum TensorWire {
    /// Where the bytes of a tensor begin.
    enum Layout {
        /// Behind those of the one before.
        case packed
        /// At a multiple of 64 bytes from the record's begin: where the record lies so, a backend reads them in place.
        case aligned

        /// The distance from `position` to where the next tensor's bytes begin.
        func padding(at position: Int, bytes: Int) -> Int {
            switch self {
            case .packed: 0
            case .aligned: bytes == 0 ? 0 : -position & (TensorWire.alignment - 1)
            }
        }
    }

    static let alignment = 64

    /// Returns the position behind the tensors.
    ///
    /// - Parameter position: where they begin, from the record's begin.
    /// - Throws: when the format cannot carry them.
    static func end(
        of tensors: [Tensor], from position: Int, _ layout: Layout
    ) throws(WireLimitError) -> Int {
        _ = try WireLimit.value("the number of tensors", tensors.count, as: UInt16.self)
        var end = position + 2
        for tensor in tensors {
            end += try WireLimit.size("the name of a tensor", tensor.name)
            let rank = tensor.shape.dimensions.count
            end += 10 + 8 * Int(try WireLimit.value("the rank of tensor '\(tensor.name)'", rank, as: UInt8.self))
        }
        for tensor in tensors {
            let bytes = tensor.bytes.readableBytes
            end += layout.padding(at: end, bytes: bytes) + bytes
        }
        return end
    }

    /// - Parameter start: the index in `buffer` at which the record begins.
    static func encode(
        _ tensors: [Tensor], into buffer: inout ByteBuffer, from start: Int, _ layout: Layout
    ) throws(WireLimitError) {
        buffer.writeInteger(
            try WireLimit.value("the number of tensors", tensors.count, as: UInt16.self), endianness: .little)
        for tensor in tensors {
            try buffer.writeShortString(tensor.name, "the name of a tensor")
            buffer.writeInteger(tensor.elementType.rawValue)
            let rank = tensor.shape.dimensions.count
            buffer.writeInteger(try WireLimit.value("the rank of tensor '\(tensor.name)'", rank, as: UInt8.self))
            for dimension in tensor.shape.dimensions { buffer.writeInteger(Int64(dimension), endianness: .little) }
            buffer.writeInteger(UInt64(tensor.bytes.readableBytes), endianness: .little)
        }
        for tensor in tensors {
            let position = buffer.writerIndex - start
            let padding = layout.padding(at: position, bytes: tensor.bytes.readableBytes)
            if padding > 0 { buffer.writeRepeatingByte(0, count: padding) }
            buffer.writeImmutableBuffer(tensor.bytes)
        }
    }

    static func decode(_ reader: inout ByteReader, _ layout: Layout) throws(WireError) -> [Tensor] {
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
            let padding = layout.padding(at: reader.position, bytes: sizes[index])
            if padding > 0 { _ = try reader.slice("what lies before a tensor's bytes", length: padding) }
            tensors[index].bytes = try reader.slice("a tensor's bytes", length: sizes[index])
        }
        return tensors
    }
}

extension ByteBuffer {
    /// A `UInt16` length and the UTF-8 bytes.
    ///
    /// - Throws: for a text of more than 65,535 bytes.
    mutating func writeShortString(
        _ text: String, _ field: @autoclosure () -> String
    ) throws(WireLimitError) {
        writeInteger(try WireLimit.value(field(), text.utf8.count, as: UInt16.self), endianness: .little)
        writeString(text)
    }
}
