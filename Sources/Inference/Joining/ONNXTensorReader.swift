import Tensors

/// Reads shapes, and the few numbers that may be shapes, out of the messages of a model's file.
///
/// - Source: `TensorProto` and `ValueInfoProto` of the ONNX protobuf definition, `onnx.proto3`.
enum ONNXTensorReader {
    private enum Number {
        static let sizes = 1
        static let type = 2
        static let floats = 4
        static let integers32 = 5
        static let integers64 = 7
        static let name = 8
        static let raw = 9
        static let doubles = 10
        static let location = 14
        static let sparseValues = 1
        static let portName = 1
        static let portType = 2
        static let typeTensor = 1
        static let tensorShape = 2
        static let shapeDimension = 1
        static let dimensionValue = 1
        static let dimensionName = 2
    }

    /// ONNX's numbers of the types that are read.
    private enum ElementType {
        static let float32: UInt64 = 1
        static let int32: UInt64 = 6
        static let int64: UInt64 = 7
        static let bool: UInt64 = 9
        static let float64: UInt64 = 11
    }

    /// A longer tensor is no shape.
    static let mostNumbers = 64

    /// `nil` for bytes that are no tensor.
    static func constant(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> (String, ONNXGraph.Constant)? {
        var reader = ProtobufReader(bytes, range)
        var name = ""
        var sizes: [Int] = []
        var type: UInt64 = 0
        var raw: Range<Int>?
        var whole: [Int64] = []
        var reals: [Int: [ONNXGraph.Constant.Number]] = [:]
        var isElsewhere = false
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.name, .bytes(let range)): name = String(decoding: bytes[range], as: UTF8.self)
            case (Number.sizes, .varint(let size)): sizes.append(Int(clamping: size))
            case (Number.sizes, .bytes(let range)):
                var packed = ProtobufReader(bytes, range)
                while sizes.count < mostNumbers, let size = packed.varint() { sizes.append(Int(clamping: size)) }
            case (Number.type, .varint(let value)): type = value
            case (Number.raw, .bytes(let range)): raw = range
            case (Number.location, .varint(let place)): isElsewhere = place != 0
            case (Number.integers32, let field), (Number.integers64, let field):
                if whole.count <= mostNumbers { whole += integers(bytes, field) }
            case (Number.floats, let field), (Number.doubles, let field):
                guard reals[number, default: []].count <= mostNumbers else { continue }
                reals[number, default: []] += self.reals(bytes, field, isDouble: number == Number.doubles)
            default: break
            }
        }
        if reader.isMalformed { return nil }
        var constant = ONNXGraph.Constant(sizes: sizes)
        guard !isElsewhere, let count = count(of: sizes), count <= mostNumbers else { return (name, constant) }
        // Other types keep their bits there, which are not their numbers.
        let numbers: [ONNXGraph.Constant.Number]? =
            switch (raw, type) {
            case (let raw?, _): self.numbers(bytes, raw, type)
            case (nil, ElementType.int32): whole.map { .integer(Int64(Int32(truncatingIfNeeded: $0))) }
            case (nil, ElementType.int64): whole.map { .integer($0) }
            case (nil, ElementType.bool): whole.map { .flag($0 != 0) }
            case (nil, ElementType.float32): reals[Number.floats] ?? []
            case (nil, ElementType.float64): reals[Number.doubles] ?? []
            default: nil
            }
        if let numbers, numbers.count == count { constant.content = numbers }
        return (name, constant)
    }

    /// The name of a sparse tensor, which its values carry.
    static func nameOfSparse(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        message(bytes, range, Number.sparseValues).flatMap { constant(bytes, $0)?.0 } ?? ""
    }

    /// The dimensions of an input; `nil` where the file gives no shape.
    static func dimensions(
        ofPort range: Range<Int>, of bytes: UnsafeRawBufferPointer
    ) -> [ONNXGraph.Dimension]? {
        guard let type = message(bytes, range, Number.portType), let tensor = message(bytes, type, Number.typeTensor),
            let shape = message(bytes, tensor, Number.tensorShape)
        else { return nil }
        var reader = ProtobufReader(bytes, shape)
        var dimensions: [ONNXGraph.Dimension] = []
        while let (number, field) = reader.next() {
            guard number == Number.shapeDimension, case .bytes(let range) = field else { continue }
            dimensions.append(dimension(bytes, range))
        }
        return reader.isMalformed ? nil : dimensions
    }

    private static func dimension(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> ONNXGraph.Dimension {
        var reader = ProtobufReader(bytes, range)
        var dimension = ONNXGraph.Dimension.free
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.dimensionValue, .varint(let value)):
                let size = Int(truncatingIfNeeded: value)
                dimension = size > 0 ? .size(size) : .free
            case (Number.dimensionName, .bytes(let range)):
                let name = String(decoding: bytes[range], as: UTF8.self)
                dimension = TensorSpecification.axisName(written: name).map { .named($0) } ?? .free
            default: break
            }
        }
        return dimension
    }

    private static func count(of sizes: [Int]) -> Int? {
        var count = 1
        for size in sizes {
            let (product, overflow) = count.multipliedReportingOverflow(by: size)
            if overflow || size < 0 { return nil }
            count = product
        }
        return count
    }

    private static func numbers(
        _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ type: UInt64
    ) -> [ONNXGraph.Constant.Number]? {
        guard range.count <= (mostNumbers + 1) * 8 else { return nil }
        func read<Value: FixedWidthInteger>(_: Value.Type) -> [Value] {
            stride(
                from: range.lowerBound, through: range.upperBound - MemoryLayout<Value>.size,
                by: MemoryLayout<Value>.size
            )
            .map { Value(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: Value.self)) }
        }
        switch type {
        case ElementType.int64: return read(Int64.self).map { .integer($0) }
        case ElementType.int32: return read(Int32.self).map { .integer(Int64($0)) }
        case ElementType.bool: return read(UInt8.self).map { .flag($0 != 0) }
        case ElementType.float32: return read(UInt32.self).map { .real(Double(Float(bitPattern: $0))) }
        case ElementType.float64: return read(UInt64.self).map { .real(Double(bitPattern: $0)) }
        default: return nil
        }
    }

    /// Of a repeated field, whether packed or not; as many as may be a shape, and one more.
    static func integers(_ bytes: UnsafeRawBufferPointer, _ field: ProtobufReader.Field) -> [Int64] {
        switch field {
        case .varint(let value): return [Int64(bitPattern: value)]
        case .bytes(let range):
            var packed = ProtobufReader(bytes, range)
            var integers: [Int64] = []
            while integers.count <= mostNumbers, let value = packed.varint() {
                integers.append(Int64(bitPattern: value))
            }
            return integers
        case .fixed32, .fixed64: return []
        }
    }

    private static func reals(
        _ bytes: UnsafeRawBufferPointer, _ field: ProtobufReader.Field, isDouble: Bool
    ) -> [ONNXGraph.Constant.Number] {
        switch field {
        case .fixed32(let bits): return [.real(Double(Float(bitPattern: bits)))]
        case .fixed64(let bits): return [.real(Double(bitPattern: bits))]
        case .bytes(let range):
            return numbers(bytes, range, isDouble ? ElementType.float64 : ElementType.float32) ?? []
        case .varint: return []
        }
    }

    static func message(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ wanted: Int) -> Range<Int>? {
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            if number == wanted, case .bytes(let range) = field { return range }
        }
        return nil
    }
}

/// One attribute of an operator, as it stands in a model's file.
///
/// - Source: `AttributeProto` of the ONNX protobuf definition, `onnx.proto3`.
struct ONNXAttribute {
    var name = ""
    var graph: Range<Int>?
    /// The attribute of the function around it whose value it takes.
    var reference: String?
    private var type: UInt64 = 0
    private var integer: Int64?
    private var integers: [Int64] = []
    private var number: Float?
    private var numbers: [Float] = []
    private var text: String?
    private var texts = 0
    private var tensor: ONNXGraph.Constant?

    private enum Number {
        static let name = 1
        static let number = 2
        static let integer = 3
        static let text = 4
        static let tensor = 5
        static let graph = 6
        static let numbers = 7
        static let integers = 8
        static let texts = 9
        static let type = 20
        static let reference = 21
    }

    /// `AttributeType`.
    private enum Kind {
        static let number: UInt64 = 1
        static let integer: UInt64 = 2
        static let text: UInt64 = 3
    }

    /// `nil` for bytes that are no attribute.
    init?(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        var reader = ProtobufReader(bytes, range)
        while let (number, field) = reader.next() {
            switch (number, field) {
            case (Number.name, .bytes(let range)): name = String(decoding: bytes[range], as: UTF8.self)
            case (Number.type, .varint(let value)): type = value
            case (Number.number, .fixed32(let bits)): self.number = Float(bitPattern: bits)
            case (Number.integer, .varint(let value)): integer = Int64(bitPattern: value)
            case (Number.text, .bytes(let range)): text = String(decoding: bytes[range], as: UTF8.self)
            case (Number.graph, .bytes(let range)): graph = range
            case (Number.texts, .bytes): texts += 1
            case (Number.reference, .bytes(let range)) where !range.isEmpty:
                reference = String(decoding: bytes[range], as: UTF8.self)
            case (Number.tensor, .bytes(let range)):
                guard let (_, constant) = ONNXTensorReader.constant(bytes, range) else { return nil }
                tensor = constant
            case (Number.integers, let field):
                if integers.count <= ONNXTensorReader.mostNumbers {
                    integers += ONNXTensorReader.integers(bytes, field)
                }
            case (Number.numbers, let field):
                if numbers.count <= ONNXTensorReader.mostNumbers { numbers += ONNXTensorReader.floats(bytes, field) }
            default: break
            }
        }
        if reader.isMalformed { return nil }
    }

    func add(to attributes: inout ONNXGraph.Attributes) {
        // What is nought may not be written: the type says that it is there.
        attributes.integers[name] = integer ?? (type == Kind.integer ? 0 : nil)
        if !integers.isEmpty { attributes.integerLists[name] = integers }
        attributes.numbers[name] = number ?? (type == Kind.number ? 0 : nil)
        if !numbers.isEmpty { attributes.numberLists[name] = numbers }
        attributes.texts[name] = text ?? (type == Kind.text ? "" : nil)
        if texts > 0 { attributes.textLists[name] = texts }
        attributes.tensors[name] = tensor
    }
}

extension ONNXTensorReader {
    static func floats(_ bytes: UnsafeRawBufferPointer, _ field: ProtobufReader.Field) -> [Float] {
        reals(bytes, field, isDouble: false).compactMap { number in
            if case .real(let value) = number { Float(value) } else { nil }
        }
    }
}
