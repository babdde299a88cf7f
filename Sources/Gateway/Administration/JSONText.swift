import Foundation

/// A value that is JSON already, kept as text and written into an enclosing document as what it is.
///
/// Text that is no JSON becomes a JSON string.
package struct JSONText: Sendable, Codable, Equatable {
    package var text: String

    package init(_ text: String) { self.text = text }

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer().decode(JSONValue.self)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        text = String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        do {
            try container.encode(JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)))
        } catch is DecodingError {
            try container.encode(text)
        }
    }
}

/// Any JSON value.
private enum JSONValue: Codable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {  // else it is of another kind
            self = .bool(value)
        } else if let value = try? container.decode(Double.self) {  // else it is of another kind
            self = .number(value)
        } else if let value = try? container.decode(String.self) {  // else it is of another kind
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {  // else it is of another kind
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value):
            if let whole = Int64(exactly: value) { try container.encode(whole) } else { try container.encode(value) }
        case .string(let value): try container.encode(value)
        case .array(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}
