import FoundationEssentials
import NIOCore
import Settings
package import Tensors

/// Rows of real inputs that lie beside a model, for the proof: `<model>/samples.json`, an object whose members are lists of
/// rows. `samples` of the model's file says which member holds which input.
///
/// ```yaml
/// samples: {image: images}
/// ```
package enum ModelSamples {
    /// Most that is read; a larger file is no few samples.
    static let maximumBytes = 16 << 20
    /// Rows that are used.
    static let count = 5

    /// The first rows, each with a first dimension of 1, in the order of the signature.
    ///
    /// - Parameter members: of the file, by input.
    /// - Throws: `modelUnavailable` with what is wrong with the file.
    package static func read(
        path: String, members: [String: String], signature: ModelSignature
    ) throws(InferenceError) -> [[Tensor]] {
        if let problem = SettingsPath.problem(withFile: path) {
            throw InferenceError(.modelUnavailable, "the samples cannot be read: \(problem)")
        }
        let document: [String: Value]
        do {
            let file = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
            guard file.count <= maximumBytes else {
                throw InferenceError(.modelUnavailable, "the samples \(path) are larger than \(maximumBytes) bytes")
            }
            document = try JSONDecoder().decode([String: Value].self, from: file)
        } catch let error as InferenceError {
            throw error
        } catch {
            throw InferenceError(
                .modelUnavailable,
                "the samples \(path) are no JSON object whose members are lists of rows\(place(error))")
        }
        var inputs: [[Tensor]] = []
        for input in signature.inputs {
            guard case .list(let rows)? = document[members[input.name] ?? input.name] else {
                throw InferenceError(
                    .modelUnavailable,
                    "the samples \(path) have no list '\(members[input.name] ?? input.name)' for input '\(input.name)'")
            }
            inputs.append(try rows.prefix(count).map { row throws(InferenceError) in try tensor(row, input, path) })
        }
        let rows = inputs.map(\.count).min() ?? 0
        return (0..<rows).map { row in inputs.map { $0[row] } }
    }

    /// Where the decoder met something else, if it says so.
    private static func place(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "" }
        let context: DecodingError.Context =
            switch error {
            case .dataCorrupted(let context), .keyNotFound(_, let context), .typeMismatch(_, let context),
                .valueNotFound(_, let context):
                context
            @unknown default: .init(codingPath: [], debugDescription: "")
            }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined()
        let reason = path.isEmpty ? context.debugDescription : "at \(path)"
        return reason.isEmpty ? "" : " (\(reason))"
    }

    private static func tensor(
        _ row: Value, _ input: TensorSpecification, _ path: String
    ) throws(InferenceError) -> Tensor {
        var dimensions = [1]
        var bytes = ByteBuffer()
        var inner = row
        while case .list(let items) = inner {
            dimensions.append(items.count)
            guard let first = items.first else { break }
            inner = first
        }
        let shape = Shape(dimensions)
        let isRegular = isRegular(row, dimensions.dropFirst())
        let tensor = { Tensor(name: input.name, elementType: input.elementType, shape: shape, bytes: bytes) }
        guard isRegular, input.accepts(shape), write(row, input.elementType, to: &bytes),
            // What is wrong with it is said below.
            (try? tensor().validate()) != nil
        else {
            throw InferenceError(
                .modelUnavailable,
                "a row of the samples \(path) is of shape \(shape), or of values, that input '\(input.name)' of \(input.shape) and \(input.elementType.name) does not take"
            )
        }
        return tensor()
    }

    /// Whether lists are nested alike all over.
    private static func isRegular(_ value: Value, _ dimensions: ArraySlice<Int>) -> Bool {
        switch value {
        case .list(let items):
            items.count == dimensions.first && items.allSatisfy { isRegular($0, dimensions.dropFirst()) }
        case .number, .text, .flag: dimensions.isEmpty
        }
    }

    /// Whether every value is one of the type.
    private static func write(_ value: Value, _ type: ElementType, to bytes: inout ByteBuffer) -> Bool {
        switch (value, type) {
        case (.list(let items), _): return items.allSatisfy { write($0, type, to: &bytes) }
        case (.text(let text), .bytes):
            bytes.writeInteger(UInt32(clamping: text.utf8.count), endianness: .little)
            bytes.writeString(text)
        case (.flag(let flag), .bool): bytes.writeInteger(flag ? UInt8(1) : 0)
        case (.number(let number), .float32): bytes.writeInteger(Float(number).bitPattern, endianness: .little)
        case (.number(let number), .float64): bytes.writeInteger(number.bitPattern, endianness: .little)
        case (.number(let number), .float16):
            bytes.writeInteger(HalfFloat.bits(of: Float(number)), endianness: .little)
        case (.number(let number), .bfloat16):
            bytes.writeInteger(UInt16(truncatingIfNeeded: Float(number).bitPattern >> 16), endianness: .little)
        case (.number(let number), .int8): return integer(number, Int8.self, to: &bytes)
        case (.number(let number), .int16): return integer(number, Int16.self, to: &bytes)
        case (.number(let number), .int32): return integer(number, Int32.self, to: &bytes)
        case (.number(let number), .int64): return integer(number, Int64.self, to: &bytes)
        case (.number(let number), .uint8): return integer(number, UInt8.self, to: &bytes)
        case (.number(let number), .uint16): return integer(number, UInt16.self, to: &bytes)
        case (.number(let number), .uint32): return integer(number, UInt32.self, to: &bytes)
        case (.number(let number), .uint64): return integer(number, UInt64.self, to: &bytes)
        case (.number, .bool), (.number, .bytes), (.text, _), (.flag, _): return false
        }
        return true
    }

    private static func integer<T: FixedWidthInteger>(_ number: Double, _: T.Type, to bytes: inout ByteBuffer) -> Bool {
        guard let value = T(exactly: number) else { return false }
        bytes.writeInteger(value, endianness: .little)
        return true
    }

    private enum Value: Decodable {
        case number(Double)
        case text(String)
        case flag(Bool)
        case list([Value])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // Which kind of value it is shows in what it can be read as.
            if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let list = try? container.decode([Value].self) {  // no number: as above
                self = .list(list)
            } else if let flag = try? container.decode(Bool.self) {  // neither
                self = .flag(flag)
            } else {
                self = .text(try container.decode(String.self))
            }
        }
    }
}
